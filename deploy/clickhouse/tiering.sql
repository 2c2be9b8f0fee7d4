-- Moves what is older to a cold volume before it is deleted: needs a server whose storage policy `tiered` has the volumes hot
-- and cold, and whose volume hot has the disk that the tables lie on now. On a cluster as in retention.sql.
ALTER TABLE events MODIFY SETTING storage_policy = 'tiered';
ALTER TABLE events MODIFY TTL toDateTime(received_at) + INTERVAL 60 DAY TO VOLUME 'cold', toDateTime(received_at) + INTERVAL 400 DAY DELETE;
ALTER TABLE otel_traces MODIFY SETTING storage_policy = 'tiered';
ALTER TABLE otel_traces MODIFY TTL toDateTime(ReceivedAt) + INTERVAL 7 DAY TO VOLUME 'cold', toDateTime(ReceivedAt) + INTERVAL 30 DAY DELETE;
