-- Which alerts are in those incidents that are open or changed at or after that version; what an alert joined last, last.
-- params: since UInt64
-- columns: incident_id, alert_id, version
SELECT incident_id, alert_id, version
FROM incident_members FINAL
WHERE NOT has_left
    AND incident_id IN
    (
        SELECT incident_id
        FROM incidents FINAL
        WHERE ended_at IS NULL OR version >= {since:UInt64}
    )
ORDER BY version, incident_id, alert_id
