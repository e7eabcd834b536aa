INSERT INTO shortcrust_session (key, version, user_id, expires, record)
VALUES (:key, 1, :user, :expires, :record)
ON CONFLICT (key) DO UPDATE
SET version = shortcrust_session.version + 1, user_id = excluded.user_id, expires = excluded.expires,
  record = excluded.record
