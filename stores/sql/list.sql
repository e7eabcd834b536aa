SELECT shortcrust_session.key, record FROM shortcrust_session
WHERE user_id = :user AND (expires IS NULL OR expires >= :now)
