-- What a message to one of these integrations (receiver, integration) told.
-- params: integrations Array(Tuple(String, String)), notification_id String
-- columns: receiver, integration, group_labels, firing, resolved
SELECT receiver, integration, group_labels, firing, resolved
FROM notifications FINAL
WHERE (receiver, integration) IN {integrations:Array(Tuple(String, String))}
    AND notification_id = {notification_id:String}
LIMIT 1
