//! From the words of the configuration file to those of the data path.

use gateway_policy::expression::BudgetLimits;
use gateway_proxy::{
    AdmissionSettings, FrontSettings, IdentitySettings, LoadSettings, LoggerSettings,
    ManagedIdentity, MemorySettings, ProxySettings, TrustedPeers, UpstreamSettings,
};

use crate::settings::{MachineFiles, Settings, managed_identity_secret};

/// The proxy's settings.
pub(crate) fn proxy_settings(
    settings: &Settings,
    managed_identity: Option<ManagedIdentity>,
) -> ProxySettings {
    let limits = &settings.limits;
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    ProxySettings {
        listen: settings.gateway.listen.clone(),
        workers: settings.workers(),
        revision_header: settings.gateway.revision_header,
        peers: settings
            .trusted_peers
            .certificate_header
            .0
            .map(|header| TrustedPeers {
                networks: settings.trusted_peers.networks.clone(),
                header,
            }),
        admission: AdmissionSettings {
            connections_per_worker: limits.max_connections_per_worker,
            connections_per_address: limits.max_connections_per_address,
            handshakes_per_worker: limits.max_handshakes_per_worker,
            handshakes_per_address: limits.max_handshakes_per_address,
            handshake_timeout: limits.handshake_timeout,
        },
        load: LoadSettings {
            requests_per_worker: limits.max_requests_per_worker,
            buffered_bytes_per_worker: bytes(limits.max_buffered_bytes_per_worker.0),
            one_way_requests_per_worker: limits.max_one_way_requests_per_worker,
        },
        front: FrontSettings {
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            body_timeout: limits.request_timeout,
            write_timeout: limits.write_timeout,
            max_head_bytes: bytes(limits.max_header_bytes.0),
            max_header_fields: limits.max_headers,
            max_target_bytes: bytes(limits.max_target_bytes.0),
            max_body_bytes: (limits.max_body_bytes.0 > 0).then_some(limits.max_body_bytes.0),
            max_buffered_bytes: bytes(limits.max_buffered_body_bytes.0),
            http2_streams: limits.max_concurrent_streams,
            http2_ping_interval: limits.http2_ping_interval,
            http2_ping_timeout: limits.http2_ping_timeout,
        },
        upstream: UpstreamSettings {
            connect_timeout: limits.backend_connect_timeout,
            handshake_timeout: limits.backend_handshake_timeout,
            body_timeout: limits.backend_body_timeout,
            idle_timeout: limits.backend_idle_timeout,
            idle_per_backend: limits.backend_idle_connections,
        },
        policy: BudgetLimits {
            instructions: limits.policy_instructions,
            allocated_bytes: limits.policy_memory.0,
            depth: limits.policy_depth,
            regex_steps: limits.policy_regex_steps,
        },
        policy_effects: limits.policy_effects,
        memory: MemorySettings {
            cache_bytes: limits.policy_cache.0,
            counters: limits.policy_counters,
        },
        identity: IdentitySettings {
            key_lifetime: settings.identity_providers.key_lifetime,
            refresh_interval: settings.identity_providers.refresh_interval,
            stale_lifetime: settings.identity_providers.stale_lifetime,
            timeout: settings.identity_providers.timeout,
            allow_http: settings.identity_providers.allow_http,
            entra_authority: settings.identity_providers.microsoft_entra.clone(),
            providers: settings.identity_providers.max_providers,
            tokens: settings.managed_identity.max_tokens,
            managed_identity,
        },
        loggers: LoggerSettings {
            directory: settings.log.loggers.clone(),
            ..LoggerSettings::default()
        },
        ..ProxySettings::default()
    }
}

/// Where the gateway gets tokens of its own; `None`: nowhere.
///
/// # Errors
/// If the secret cannot be read.
pub(crate) fn managed_identity(settings: &Settings) -> Result<Option<ManagedIdentity>, String> {
    let section = &settings.managed_identity;
    let Some(endpoint) = section.endpoint.clone() else {
        return Ok(None);
    };
    let secret = match &section.secret_file {
        Some(path) => Some(managed_identity_secret(&MachineFiles, path)?),
        None => None,
    };
    Ok(Some(ManagedIdentity {
        kind: section.kind,
        endpoint,
        secret,
    }))
}
