-- What the policy engine needs: counts beside sums, a MAC over what decides, and sessions that can be stopped for a while.

-- What happened, as counts with running totals, so that a window costs two index look-ups whatever its history.
-- No foreign keys: it outlives what it tells about.
CREATE TABLE activity (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  created_at          INTEGER GENERATED ALWAYS AS (at) VIRTUAL,
  agent_id            TEXT NOT NULL,
  session_id          TEXT,
  tx_id               TEXT NOT NULL,
  what                TEXT NOT NULL CHECK (what IN ('admitted', 'denied', 'failed', 'paid', 'near_limit')),
  likeness            TEXT,
  agent_count          INTEGER NOT NULL CHECK (agent_count >= 1),
  session_count  INTEGER CHECK (session_count >= 1),
  all_count      INTEGER NOT NULL CHECK (all_count >= 1),
  at                  INTEGER NOT NULL,
  CHECK ((session_id IS NULL) = (session_count IS NULL))
) STRICT;

CREATE INDEX activity_agent ON activity (agent_id, what, at);
CREATE INDEX activity_session ON activity (session_id, what, at) WHERE session_id IS NOT NULL;
CREATE INDEX activity_what ON activity (what, at);
CREATE INDEX activity_likeness ON activity (agent_id, likeness, at) WHERE likeness IS NOT NULL;
CREATE INDEX activity_tx_id ON activity (tx_id, what);

CREATE TRIGGER activity_no_update BEFORE UPDATE ON activity
BEGIN
  SELECT RAISE(ABORT, 'what happened is append-only');
END;

CREATE TRIGGER activity_no_delete BEFORE DELETE ON activity
BEGIN
  SELECT RAISE(ABORT, 'what happened is append-only');
END;

-- Rows that decide who may do what carry a MAC under a subkey of the signer; NULL is a row that nobody sealed yet.
ALTER TABLE agents ADD COLUMN mac TEXT;
ALTER TABLE sessions ADD COLUMN mac TEXT;
ALTER TABLE policies ADD COLUMN mac TEXT;
ALTER TABLE notification_channels ADD COLUMN mac TEXT;
ALTER TABLE daemon_state ADD COLUMN mac TEXT;

-- The enabled policies of one agent (of nobody: the global ones) as one sealed version, so that a missing one is missed.
CREATE TABLE policy_sets (
  scope    TEXT PRIMARY KEY NOT NULL,
  version  INTEGER NOT NULL CHECK (version >= 1),
  mac      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A session that was stopped and not revoked: it may go on once a person says so.
ALTER TABLE sessions ADD COLUMN stopped_at INTEGER;

-- What happened before there were counts. What each transaction was like is not known of those.
INSERT INTO activity (agent_id, session_id, tx_id, what, agent_count, session_count, all_count, at)
SELECT agent_id, session_id, tx_id, what,
       ROW_NUMBER() OVER (PARTITION BY agent_id, what ORDER BY at, tx_id),
       CASE WHEN session_id IS NULL THEN NULL
            ELSE ROW_NUMBER() OVER (PARTITION BY session_id, what ORDER BY at, tx_id) END,
       ROW_NUMBER() OVER (PARTITION BY what ORDER BY at, tx_id),
       at
FROM (
  SELECT agent_id, session_id, id AS tx_id, CASE tier WHEN 'DENY' THEN 'denied' ELSE 'admitted' END AS what, created_at AS at
  FROM transactions
  UNION ALL
  SELECT agent_id, session_id, id, CASE status WHEN 'FAILED' THEN 'failed' ELSE 'paid' END, updated_at
  FROM transactions WHERE status IN ('FAILED', 'CONFIRMED')
)
ORDER BY at, tx_id;

-- The last MAC of each row that carries one: an older copy of a row would bring a MAC that was good once. One record in
-- daemon_state sums these up, and the pinned head says how far it had come.
CREATE TABLE row_seals (
  table_name  TEXT NOT NULL,
  row_key     TEXT NOT NULL,
  mac         TEXT NOT NULL,
  PRIMARY KEY (table_name, row_key)
) STRICT, WITHOUT ROWID;
-- Up to which row of activity what happened lies behind the agent, since a person last let it go on.
ALTER TABLE agents ADD COLUMN resumed_after INTEGER NOT NULL DEFAULT 0;
