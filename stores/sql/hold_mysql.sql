-- A sweep, second part: a row that another request just prolongs is neither waited for nor removed.
SELECT shortcrust_session.key FROM shortcrust_session FORCE INDEX (PRIMARY)
WHERE shortcrust_session.key IN (:keys) AND expires < :now FOR UPDATE SKIP LOCKED
