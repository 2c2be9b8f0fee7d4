"""What commands and the API ask: answered from the store, or by the process that holds it."""
