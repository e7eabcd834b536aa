SELECT shortcrust_session.key, version, record FROM shortcrust_session WHERE shortcrust_session.key IN (:keys)
