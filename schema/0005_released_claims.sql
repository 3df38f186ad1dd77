-- Claims that no bytes can use any more are free for other payments: those of given-up payments, and of bytes that lost to others
-- of their row. What the bytes that landed used stays held.
DELETE FROM claims WHERE NOT EXISTS (
  SELECT 1 FROM transactions t WHERE t.id = claims.tx_id AND (
    t.status = 'SUBMITTED' OR EXISTS (
      SELECT 1 FROM transaction_variants v, json_each(v.claims) used
      WHERE v.tx_id = t.id AND v.last_status = 'final' AND used.value = claims.claim
    )
  )
);

-- A payment whose claim somebody else used has a code of its own, and may land after all like one that expired.
DROP INDEX transactions_given_up;
CREATE INDEX transactions_given_up ON transactions (updated_at)
  WHERE status = 'FAILED' AND error_code IN ('EXPIRED_ON_CHAIN', 'CLAIM_USED_ELSEWHERE');
