-- One page of the rows that a web address gives in the order of their watermark; those that share the last one come with it.
-- params: url String, format String, structure String, header String, header_value String,
--         watermark Identifier, has_start Bool, is_inclusive Bool, start String, rows UInt64
-- fragments: columns
SELECT
    toString({watermark:Identifier}) AS milepost_watermark,
    toTypeName({watermark:Identifier}) AS milepost_watermark_type,
    /*{columns}*/
FROM url({url:String}, {format:String}, {structure:String}, headers({header:String} = {header_value:String}))
WHERE isNotNull({watermark:Identifier})
    AND (NOT {has_start:Bool} OR {watermark:Identifier} >= {start:String})
    AND ({is_inclusive:Bool} OR {watermark:Identifier} > {start:String})
ORDER BY {watermark:Identifier}
LIMIT {rows:UInt64} WITH TIES
