//! The REST face of gateway-config, in the contract of Microsoft.ApiManagement.
