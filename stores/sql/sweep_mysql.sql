-- A sweep, third part: of what it holds.
DELETE shortcrust_session FROM shortcrust_session FORCE INDEX (PRIMARY) WHERE shortcrust_session.key IN (:keys)
