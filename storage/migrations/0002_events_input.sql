-- Where the collector puts checked events as JSON lines; nothing rests here, the views carry it on.
-- Instants arrive as whole microseconds since 1970 so that no text has to be parsed twice.
CREATE TABLE IF NOT EXISTS events_input
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
    data_base64      Bool
)
ENGINE = Null
