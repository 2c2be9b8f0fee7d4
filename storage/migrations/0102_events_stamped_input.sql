-- Where collectors on a server put checked events that they stamped by the server's clock. What has been on its way for
-- too long is refused as a whole: engines do not wait for it any more, and its collector stamps it anew. As long as
-- STAMP_SECONDS in storage/events.py.
CREATE TABLE IF NOT EXISTS events_stamped_input
(
    source           String,
    event_id         String,
    type             String,
    occurred_us      Int64,
    received_us      Int64,
    correlation_id   String,
    causation_id     String,
    trace_id         String,
    span_id          String,
    subject          String,
    objects          Array(Tuple(type String, id String, qualifier String)),
    amount           Nullable(Decimal(38, 9)),
    currency         String,
    legal_entity     String,
    region           String,
    attributes       Map(String, String),
    datacontenttype  String,
    dataschema       String,
    extensions       Map(String, String),
    data             String,
    data_base64      Bool,
    CONSTRAINT is_in_time CHECK received_us >= toUnixTimestamp64Micro(nowInBlock64(6)) - 3000000
)
ENGINE = Null
