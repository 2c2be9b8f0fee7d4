-- How many objects of these types stand at each milestone, by currency, with their amounts: in each and, in the reporting
-- currency, at the latest rates by a day if no older than `rate_days`; those are in the `base_currency`. Of all legal entities and regions, or of
-- those that are named.
-- params: layout String, object_types Array(String), entities Array(String), regions Array(String),
--   priced_on Date, reporting_currency String, base_currency String, rate_days UInt32
-- columns: object_type, at_type, currency, objects, unknown, amount, converted, unconverted
WITH
    rates AS
    (
        SELECT toString(currency) AS rate_currency, valid_on, rate
        FROM fx_rates FINAL
        WHERE loaded_at = (SELECT max(loaded_at) FROM fx_rates)
    ),
    summed AS
    (
        SELECT
            toString(object_type) AS object_type,
            toString(from_type) AS at_type,
            toString(flow_counts.currency) AS currency,
            {priced_on:Date} AS priced_on,
            sum(number) AS objects,
            sum(unpriced) AS unknown,
            sum(flow_counts.amount) AS amount
        FROM flow_counts FINAL
        WHERE layout = {layout:String} AND span = 'standing'
            AND (empty({object_types:Array(String)}) OR has({object_types:Array(String)}, flow_counts.object_type))
            AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, legal_entity))
            AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
        GROUP BY object_type, at_type, currency
        HAVING objects > 0
    ),
    own AS
    (
        SELECT
            summed.*,
            {reporting_currency:String} AS wanted,
            multiIf(
                currency = {base_currency:String}, CAST(1, 'Nullable(Decimal(38, 18))'),
                rates.rate_currency != '' AND priced_on - rates.valid_on <= {rate_days:UInt32}, rates.rate,
                NULL) AS rate_in
        FROM summed
        ASOF LEFT JOIN rates ON rates.rate_currency = summed.currency AND summed.priced_on >= rates.valid_on
    )
SELECT
    object_type,
    at_type,
    currency,
    objects,
    unknown,
    amount,
    multiIf(
        objects = unknown, NULL,
        currency = {reporting_currency:String}, amount,
        isNull(rate_in), NULL,
        {reporting_currency:String} = {base_currency:String},
        -- In 128 bits a product above 1.7e11 is wrong without an error.
        accurateCastOrNull(toDecimal256(amount, 9) * rate_in, 'Decimal(38, 9)'),
        rates.rate_currency != '' AND priced_on - rates.valid_on <= {rate_days:UInt32},
        accurateCastOrNull(divideDecimal(toDecimal256(amount, 9) * rate_in, toDecimal256(rates.rate, 18), 9), 'Decimal(38, 9)'),
        NULL) AS converted,
    if(isNull(converted), objects, unknown) AS unconverted
FROM own
ASOF LEFT JOIN rates ON rates.rate_currency = own.wanted AND own.priced_on >= rates.valid_on
ORDER BY object_type, at_type, currency
