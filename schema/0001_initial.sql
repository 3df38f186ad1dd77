-- Tables of the first version.
--
-- Ids are UUID v7 as text unless they count rows. Times end in _at (or are called at, timestamp) and are whole Unix seconds.
-- Amounts are text: decimal digits without sign, leading zero or exponent, because SQLite's integers end at 63 bits and its
-- sums over text are floating point. Words that plugins may add to (chain, network, policy type, channel type) are open text;
-- words that the code decides by have a CHECK. schema_version is made by the migrator.

CREATE TABLE agents (
  id                 TEXT PRIMARY KEY NOT NULL,
  created_at         INTEGER NOT NULL,
  name               TEXT NOT NULL UNIQUE CHECK (name <> ''),
  chain              TEXT NOT NULL,
  network            TEXT NOT NULL,
  form               TEXT NOT NULL,
  key_scheme         TEXT NOT NULL,
  public_key         TEXT NOT NULL,
  address            TEXT NOT NULL,
  status             TEXT NOT NULL CHECK (status IN ('CREATING', 'ACTIVE', 'SUSPENDED', 'TERMINATING', 'TERMINATED')),
  owner_address      TEXT,
  owner_chain        TEXT,
  owner_verified     INTEGER NOT NULL DEFAULT 0 CHECK (owner_verified IN (0, 1)),
  updated_at         INTEGER NOT NULL,
  suspended_at       INTEGER,
  suspension_reason  TEXT,
  CHECK ((owner_address IS NULL) = (owner_chain IS NULL)),
  CHECK (owner_verified = 0 OR owner_address IS NOT NULL)
) STRICT;

-- An agent that is being made has no key yet; every finished one has a key of its own.
CREATE UNIQUE INDEX agents_public_key ON agents (chain, network, public_key) WHERE public_key <> '';
CREATE INDEX agents_status ON agents (status);
CREATE INDEX agents_chain_network ON agents (chain, network);
CREATE INDEX agents_owner_address ON agents (owner_address);

CREATE TABLE sessions (
  id                   TEXT PRIMARY KEY NOT NULL,
  created_at           INTEGER NOT NULL,
  agent_id             TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  token_hash           TEXT NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  expires_at           INTEGER NOT NULL,
  absolute_expires_at  INTEGER NOT NULL,
  constraints          TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(constraints)),
  usage_stats          TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(usage_stats)),
  renewal_count        INTEGER NOT NULL DEFAULT 0 CHECK (renewal_count >= 0),
  max_renewals         INTEGER NOT NULL DEFAULT 0 CHECK (max_renewals >= 0),
  last_renewed_at      INTEGER,
  revoked_at           INTEGER,
  CHECK (expires_at <= absolute_expires_at)
) STRICT;

CREATE INDEX sessions_agent_id ON sessions (agent_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- A token that could come back to life after a revoke would be worse than none.
CREATE TRIGGER sessions_revoked_for_good BEFORE UPDATE OF revoked_at ON sessions
WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
BEGIN
  SELECT RAISE(ABORT, 'a revoked session stays revoked');
END;

CREATE TABLE transactions (
  id               TEXT PRIMARY KEY NOT NULL,
  created_at       INTEGER NOT NULL,
  agent_id         TEXT NOT NULL REFERENCES agents (id) ON DELETE RESTRICT,
  session_id       TEXT REFERENCES sessions (id) ON DELETE SET NULL,
  chain            TEXT NOT NULL,
  network          TEXT NOT NULL,
  type             TEXT NOT NULL CHECK (type IN ('TRANSFER', 'TOKEN_TRANSFER', 'CONTRACT_CALL', 'APPROVE', 'BATCH', 'SIGN')),
  status           TEXT NOT NULL CHECK (status IN (
                     'PENDING', 'QUEUED', 'EXECUTING', 'SUBMITTED', 'CONFIRMED', 'FAILED', 'CANCELLED', 'EXPIRED', 'SIGNED')),
  tier             TEXT NOT NULL CHECK (tier IN ('INSTANT', 'NOTIFY', 'DELAY', 'APPROVAL', 'DENY')),
  asset            TEXT,
  amount           TEXT CHECK (amount = '0' OR (amount GLOB '[1-9]*' AND NOT amount GLOB '*[^0-9]*')),
  to_address       TEXT,
  intent           TEXT NOT NULL CHECK (json_valid(intent)),
  decision         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(decision)),
  idempotency_key  TEXT,
  request_hash     TEXT,
  tx_hash          TEXT,
  broadcast_at     INTEGER,
  queued_at        INTEGER,
  due_at           INTEGER,
  executed_at      INTEGER,
  approved_at      INTEGER,
  error            TEXT,
  error_code       TEXT,
  metadata         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
  updated_at       INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX transactions_tx_hash ON transactions (tx_hash) WHERE tx_hash IS NOT NULL;
CREATE UNIQUE INDEX transactions_idempotency_key ON transactions (agent_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
-- The id comes last so that a listing, newest first, ends after its page.
CREATE INDEX transactions_agent_status ON transactions (agent_id, status, id);
CREATE INDEX transactions_agent_newest ON transactions (agent_id, id);
CREATE INDEX transactions_status ON transactions (status, id);
CREATE INDEX transactions_session_id ON transactions (session_id, status) WHERE session_id IS NOT NULL;
CREATE INDEX transactions_queued_at ON transactions (queued_at) WHERE queued_at IS NOT NULL;
CREATE INDEX transactions_created_at ON transactions (created_at);
CREATE INDEX transactions_due_at ON transactions (due_at) WHERE status = 'QUEUED';
CREATE INDEX transactions_given_up ON transactions (updated_at)
    WHERE status = 'FAILED' AND error_code = 'EXPIRED_ON_CHAIN';
-- Workers look for unfinished rows alone; this index stays as small as they are few.
CREATE INDEX transactions_unfinished ON transactions (status, chain, network)
  WHERE status IN ('PENDING', 'QUEUED', 'EXECUTING', 'SUBMITTED');

CREATE TRIGGER transactions_finished_for_good BEFORE UPDATE OF status ON transactions
WHEN OLD.status IN ('CONFIRMED', 'CANCELLED', 'EXPIRED', 'SIGNED') AND NEW.status IS NOT OLD.status
BEGIN
  SELECT RAISE(ABORT, 'a finished transaction does not change its status');
END;

CREATE TRIGGER transactions_failed_may_land BEFORE UPDATE OF status ON transactions
WHEN OLD.status = 'FAILED' AND NEW.status NOT IN ('FAILED', 'CONFIRMED')
BEGIN
  SELECT RAISE(ABORT, 'a failed transaction may become CONFIRMED alone');
END;

CREATE TABLE transaction_variants (
  id                  INTEGER PRIMARY KEY,
  created_at          INTEGER NOT NULL,
  tx_id               TEXT NOT NULL REFERENCES transactions (id) ON DELETE RESTRICT,
  chain               TEXT NOT NULL,
  network             TEXT NOT NULL,
  n                   INTEGER NOT NULL CHECK (n >= 0),
  kind                TEXT NOT NULL CHECK (kind IN ('original', 'speed_up', 'cancel')),
  signed_raw          TEXT NOT NULL CHECK (signed_raw <> '' AND NOT signed_raw GLOB '*[^0-9a-f]*'),
  evidence            TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(evidence)),
  tx_hash             TEXT NOT NULL,
  chain_tx_id         TEXT,
  valid_until         TEXT,
  fee_cap             TEXT NOT NULL CHECK (fee_cap = '0' OR (fee_cap GLOB '[1-9]*' AND NOT fee_cap GLOB '*[^0-9]*')),
  claims              TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(claims)),
  first_broadcast_at  INTEGER,
  last_status         TEXT,
  proof               TEXT,
  UNIQUE (tx_id, n),
  UNIQUE (chain, network, tx_hash)
) STRICT;

CREATE TRIGGER transaction_variants_bytes_stay
BEFORE UPDATE OF tx_id, chain, network, n, kind, signed_raw, evidence, tx_hash, valid_until, fee_cap, claims
ON transaction_variants
BEGIN
  SELECT RAISE(ABORT, 'signed bytes and what they rest on are written once');
END;

CREATE TABLE claims (
  agent_id  TEXT NOT NULL REFERENCES agents (id) ON DELETE RESTRICT,
  claim     TEXT NOT NULL,
  tx_id     TEXT NOT NULL REFERENCES transactions (id) ON DELETE RESTRICT,
  PRIMARY KEY (agent_id, claim)
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_tx_id ON claims (tx_id);

CREATE TABLE reservations (
  id          INTEGER PRIMARY KEY,
  created_at  INTEGER NOT NULL,
  tx_id       TEXT NOT NULL REFERENCES transactions (id) ON DELETE RESTRICT,
  agent_id    TEXT NOT NULL,
  session_id  TEXT,
  asset       TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('amount', 'fee', 'rent', 'allowance')),
  amount      TEXT NOT NULL CHECK (amount = '0' OR (amount GLOB '[1-9]*' AND NOT amount GLOB '*[^0-9]*')),
  state       TEXT NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'signed'))
) STRICT;

CREATE INDEX reservations_tx_id ON reservations (tx_id);
CREATE INDEX reservations_agent ON reservations (agent_id, asset, kind);

-- Signed bytes can take what is reserved for them: the amount may not shrink under them, and the state never goes back.
CREATE TRIGGER reservations_signed_for_good BEFORE UPDATE ON reservations
WHEN OLD.state = 'signed'
  AND (NEW.state <> 'signed' OR NEW.amount <> OLD.amount OR NEW.asset <> OLD.asset OR NEW.agent_id <> OLD.agent_id)
BEGIN
  SELECT RAISE(ABORT, 'a reservation of signed bytes does not change');
END;

-- No foreign keys: the ledger outlives what it tells about.
CREATE TABLE spend_ledger (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  created_at          INTEGER GENERATED ALWAYS AS (at) VIRTUAL,
  agent_id            TEXT NOT NULL,
  session_id          TEXT,
  tx_id               TEXT NOT NULL,
  asset               TEXT NOT NULL,
  kind                TEXT NOT NULL CHECK (kind IN ('amount', 'fee', 'rent', 'allowance')),
  amount              TEXT NOT NULL CHECK (amount = '0' OR (amount GLOB '[1-9]*' AND NOT amount GLOB '*[^0-9]*')),
  cumulative          TEXT NOT NULL
                      CHECK (cumulative = '0' OR (cumulative GLOB '[1-9]*' AND NOT cumulative GLOB '*[^0-9]*')),
  session_cumulative  TEXT
                      CHECK (session_cumulative = '0'
                             OR (session_cumulative GLOB '[1-9]*' AND NOT session_cumulative GLOB '*[^0-9]*')),
  at                  INTEGER NOT NULL,
  CHECK ((session_id IS NULL) = (session_cumulative IS NULL))
) STRICT;

-- The row's id comes last in each of these by itself, so the newest entry up to a second is one look-up.
CREATE INDEX spend_ledger_agent ON spend_ledger (agent_id, asset, kind, at);
CREATE INDEX spend_ledger_session ON spend_ledger (session_id, asset, kind, at) WHERE session_id IS NOT NULL;
CREATE INDEX spend_ledger_tx_id ON spend_ledger (tx_id);

CREATE TRIGGER spend_ledger_no_update BEFORE UPDATE ON spend_ledger
BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER spend_ledger_no_delete BEFORE DELETE ON spend_ledger
BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER spend_ledger_in_order BEFORE INSERT ON spend_ledger
WHEN (NEW.id IS NOT NULL AND NEW.id <> -1 AND NEW.id <= (SELECT COALESCE(MAX(id), 0) FROM spend_ledger))
  OR NEW.at < (SELECT at FROM spend_ledger ORDER BY id DESC LIMIT 1)
BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only and its time never goes back');
END;

CREATE TABLE policies (
  id          TEXT PRIMARY KEY NOT NULL,
  created_at  INTEGER NOT NULL,
  agent_id    TEXT REFERENCES agents (id) ON DELETE CASCADE,
  type        TEXT NOT NULL CHECK (type <> ''),
  rules       TEXT NOT NULL CHECK (json_valid(rules)),
  priority    INTEGER NOT NULL DEFAULT 0,
  enabled     INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  version     INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  updated_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX policies_agent ON policies (agent_id, enabled);
CREATE INDEX policies_type ON policies (type);

-- No foreign keys: the audit outlives what it tells about.
CREATE TABLE audit_log (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  created_at  INTEGER GENERATED ALWAYS AS (timestamp) VIRTUAL,
  timestamp   INTEGER NOT NULL,
  event_type  TEXT NOT NULL CHECK (event_type <> ''),
  actor       TEXT NOT NULL CHECK (actor <> ''),
  agent_id    TEXT,
  session_id  TEXT,
  tx_id       TEXT,
  details     TEXT NOT NULL CHECK (json_valid(details)),
  severity    TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  ip_address  TEXT,
  prev_hash   TEXT NOT NULL CHECK (length(prev_hash) = 64),
  hash        TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;

CREATE INDEX audit_log_timestamp ON audit_log (timestamp);
CREATE INDEX audit_log_event_type ON audit_log (event_type);
CREATE INDEX audit_log_agent_id ON audit_log (agent_id) WHERE agent_id IS NOT NULL;
CREATE INDEX audit_log_tx_id ON audit_log (tx_id) WHERE tx_id IS NOT NULL;
CREATE INDEX audit_log_severity ON audit_log (severity);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- REPLACE deletes the row it meets before any delete trigger could speak, unless recursive triggers are on: refuse it here.
CREATE TRIGGER audit_log_in_order BEFORE INSERT ON audit_log
WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM audit_log)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only and its ids have no gaps');
END;

CREATE TABLE pending_approvals (
  id                  TEXT PRIMARY KEY NOT NULL,
  created_at          INTEGER NOT NULL,
  subject_type        TEXT NOT NULL,
  subject_id          TEXT NOT NULL,
  digest              TEXT NOT NULL,
  nonce               TEXT NOT NULL UNIQUE,
  required_approvals  INTEGER NOT NULL DEFAULT 1 CHECK (required_approvals >= 1),
  required_by         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(required_by)),
  expires_at          INTEGER NOT NULL,
  approved_at         INTEGER,
  rejected_at         INTEGER,
  owner_signature     TEXT,
  CHECK (approved_at IS NULL OR rejected_at IS NULL)
) STRICT;

CREATE UNIQUE INDEX pending_approvals_open ON pending_approvals (subject_type, subject_id)
  WHERE approved_at IS NULL AND rejected_at IS NULL;
CREATE INDEX pending_approvals_subject ON pending_approvals (subject_type, subject_id);
CREATE INDEX pending_approvals_expires_at ON pending_approvals (expires_at);

CREATE TRIGGER pending_approvals_settled_for_good BEFORE UPDATE ON pending_approvals
WHEN OLD.approved_at IS NOT NULL OR OLD.rejected_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'a settled approval does not change');
END;

CREATE TABLE approval_signatures (
  id             INTEGER PRIMARY KEY,
  created_at     INTEGER NOT NULL,
  approval_id    TEXT NOT NULL REFERENCES pending_approvals (id) ON DELETE CASCADE,
  owner_address  TEXT NOT NULL,
  decision       TEXT NOT NULL CHECK (decision IN ('APPROVE', 'REJECT')),
  signature      TEXT NOT NULL,
  UNIQUE (approval_id, owner_address)
) STRICT;

CREATE TABLE notification_channels (
  id               TEXT PRIMARY KEY NOT NULL,
  created_at       INTEGER NOT NULL,
  type             TEXT NOT NULL CHECK (type <> ''),
  config           TEXT NOT NULL,
  priority         INTEGER NOT NULL DEFAULT 0,
  enabled          INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  last_success_at  INTEGER,
  last_failure_at  INTEGER
) STRICT;

CREATE INDEX notification_channels_type ON notification_channels (type);
CREATE INDEX notification_channels_enabled ON notification_channels (enabled);

CREATE TABLE notification_outbox (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  created_at    INTEGER NOT NULL,
  channel       TEXT NOT NULL REFERENCES notification_channels (id) ON DELETE CASCADE,
  event         TEXT NOT NULL,
  payload       TEXT NOT NULL CHECK (json_valid(payload)),
  attempts      INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_at       INTEGER NOT NULL,
  delivered_at  INTEGER,
  failed_at     INTEGER,
  error         TEXT
) STRICT;

CREATE INDEX notification_outbox_waiting ON notification_outbox (next_at)
  WHERE delivered_at IS NULL AND failed_at IS NULL;
CREATE INDEX notification_outbox_channel ON notification_outbox (channel);
CREATE INDEX notification_outbox_created_at ON notification_outbox (created_at);

CREATE TABLE daemon_state (
  key    TEXT PRIMARY KEY NOT NULL CHECK (key <> ''),
  value  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
