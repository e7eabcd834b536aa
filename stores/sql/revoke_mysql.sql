DELETE shortcrust_session FROM shortcrust_session FORCE INDEX (PRIMARY)
WHERE shortcrust_session.key IN (:keys) AND user_id = :user
