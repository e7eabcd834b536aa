DELETE FROM shortcrust_session WHERE user_id = :user AND key <> :keep
