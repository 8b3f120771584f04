//! Acceptor, workers, front, upstream and backends: the request.
