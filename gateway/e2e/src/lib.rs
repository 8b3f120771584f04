//! TestGateway and the end-to-end promises.
