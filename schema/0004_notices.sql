-- Notices by what matters: the urgent ones first, and equal ones as one with a count.

ALTER TABLE notification_outbox ADD COLUMN precedence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notification_outbox ADD COLUMN alike TEXT;
ALTER TABLE notification_outbox ADD COLUMN times INTEGER NOT NULL DEFAULT 1;

CREATE INDEX notification_outbox_alike ON notification_outbox (channel, alike, id) WHERE alike IS NOT NULL;
