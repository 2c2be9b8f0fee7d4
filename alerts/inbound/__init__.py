"""What vendors tell of what people do there: believed by its signature, and done here once."""
