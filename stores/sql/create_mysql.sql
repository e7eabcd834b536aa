-- What is there already is the server's error 1062: with the flag FOUND_ROWS no count tells it, and IGNORE hides more.
INSERT INTO shortcrust_session (`key`, version, user_id, expires, record)
VALUES (:key, 1, :user, :expires, :record)
