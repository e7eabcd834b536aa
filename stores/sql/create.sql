INSERT INTO shortcrust_session (key, version, user_id, expires, record)
VALUES (:key, 1, :user, :expires, :record)
ON CONFLICT (key) DO NOTHING
