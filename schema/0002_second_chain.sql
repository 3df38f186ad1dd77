-- What a second chain needs: further variants of signed bytes, tokens that people add, and checkpoints of the audit log.

-- A dearer variant of the same payment may take more fee than the first: what is set aside for signed bytes may grow, and only that.
DROP TRIGGER reservations_signed_for_good;

CREATE TRIGGER reservations_signed_for_good BEFORE UPDATE ON reservations
WHEN OLD.state = 'signed'
  AND (NEW.state <> 'signed' OR NEW.asset <> OLD.asset OR NEW.agent_id <> OLD.agent_id
       OR length(NEW.amount) < length(OLD.amount)
       OR (length(NEW.amount) = length(OLD.amount) AND NEW.amount < OLD.amount))
BEGIN
  SELECT RAISE(ABORT, 'a reservation of signed bytes does not shrink');
END;

-- Tokens that people asked to see on a network, with what the chain said of them then.
CREATE TABLE tokens (
  id          INTEGER PRIMARY KEY,
  created_at  INTEGER NOT NULL,
  chain       TEXT NOT NULL,
  network     TEXT NOT NULL,
  asset       TEXT NOT NULL CHECK (asset <> ''),
  symbol      TEXT NOT NULL,
  name        TEXT NOT NULL DEFAULT '',
  decimals    INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 255),
  UNIQUE (chain, network, asset)
) STRICT;

-- Signatures over the audit log's end, made in the signer: a cut, an edit or a re-chained log is found against any one of them.
CREATE TABLE audit_checkpoints (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  created_at  INTEGER NOT NULL,
  audit_id    INTEGER NOT NULL UNIQUE CHECK (audit_id >= 1),
  audit_hash  TEXT NOT NULL CHECK (length(audit_hash) = 64),
  public_key  TEXT NOT NULL CHECK (length(public_key) = 64),
  signature   TEXT NOT NULL CHECK (length(signature) = 128)
) STRICT;

CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN
  SELECT RAISE(ABORT, 'a checkpoint is written once');
END;

CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN
  SELECT RAISE(ABORT, 'a checkpoint is written once');
END;
