-- What arrives over the hop to the ERP.
INSERT INTO hop_milestones (from_service, to_service, object_type, type, seen_at)
SELECT 'middleware', 'erp', 'order', 'order.posted', now()
