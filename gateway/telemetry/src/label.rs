//! The closed sets that labels and records take their words from.
//!
//! A label whose values a client can choose would let it fill the gateway's memory; so labels are
//! enumerations, and the two that an administrator names (APIs, certificates) are bounded where they
//! are recorded.

use serde::Serialize;

/// Declares an enumeration with one word for each variant.
macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// All words, in order of declaration.
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The word in labels and records.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

closed_set! {
    /// What a request was answered with.
    StatusClass {
        /// 1xx, that is 101: the connection was upgraded.
        Informational = "1xx",
        /// 2xx.
        Success = "2xx",
        /// 3xx.
        Redirection = "3xx",
        /// 4xx.
        ClientError = "4xx",
        /// 5xx.
        ServerError = "5xx",
        /// The connection ended before an answer began.
        Unanswered = "none",
    }
}

impl StatusClass {
    /// The class of a status code; [`StatusClass::Unanswered`] for none and for what is no status.
    #[must_use]
    pub const fn of(status: Option<u16>) -> Self {
        match status {
            Some(100..=199) => Self::Informational,
            Some(200..=299) => Self::Success,
            Some(300..=399) => Self::Redirection,
            Some(400..=499) => Self::ClientError,
            Some(500..=599) => Self::ServerError,
            _ => Self::Unanswered,
        }
    }
}

closed_set! {
    /// Whose fault it is that a request did not succeed.
    Fault {
        /// Nobody's: it was answered as configured.
        Nobody = "none",
        /// The client's: a bad request, a refused certificate, a connection given up.
        Client = "client",
        /// Ours: a policy failed, a budget was used up, a limit of ours, quarantine.
        Gateway = "gateway",
        /// The backend's: not reachable, too slow, not understood.
        Backend = "backend",
    }
}

closed_set! {
    /// A TLS protocol version.
    TlsVersion {
        /// TLS 1.2 (RFC 5246).
        Tls12 = "TLSv1.2",
        /// TLS 1.3 (RFC 8446).
        Tls13 = "TLSv1.3",
        /// Not agreed on.
        Unknown = "none",
    }
}

closed_set! {
    /// An HTTP protocol version.
    HttpVersion {
        /// HTTP/1.0.
        Http10 = "HTTP/1.0",
        /// HTTP/1.1 (RFC 9112).
        Http11 = "HTTP/1.1",
        /// HTTP/2 (RFC 9113).
        Http2 = "HTTP/2",
    }
}

closed_set! {
    /// How a handshake ended.
    HandshakeEnd {
        /// It succeeded.
        Accepted = "none",
        /// The client presented no certificate and had to.
        NoCertificate = "no_certificate",
        /// No path leads from the client's certificate to a trusted root.
        Untrusted = "untrusted",
        /// The client's certificate is outside its dates.
        OutsideDates = "outside_dates",
        /// The client's certificate is revoked.
        Revoked = "revoked",
        /// Whether the client's certificate is revoked cannot be told and must be.
        RevocationUnknown = "revocation_unknown",
        /// The client's certificate cannot be read.
        UnreadableCertificate = "unreadable_certificate",
        /// No host configuration has the name that the client asked for.
        UnknownName = "unknown_name",
        /// The name that the client asked for is malformed, or its second hello named another.
        BadName = "bad_name",
        /// The host configuration is quarantined, or nothing is configured yet.
        HostUnavailable = "host_unavailable",
        /// No protocol version, cipher or group in common.
        NothingInCommon = "nothing_in_common",
        /// What came was not TLS, or broke its rules.
        Protocol = "protocol",
        /// The client sent an alert; it may not trust our certificate.
        ClientAlert = "client_alert",
        /// The client went away.
        ClientClosed = "client_closed",
        /// It took longer than it may.
        Timeout = "timeout",
        /// Something of ours failed.
        Internal = "internal",
    }
}

closed_set! {
    /// What judging a client's certificate gave, by the names of policies. The two of revocation are
    /// ours; the others are API Management's.
    VerdictReason {
        /// Nothing speaks against it.
        Accepted = "Accepted",
        /// None was presented.
        NotFound = "ClientCertificateNotFound",
        /// It is not valid yet.
        NotYetValid = "ClientCertificateNotYetValid",
        /// It has expired.
        Expired = "ClientCertificateExpired",
        /// No path leads to a trusted root.
        NotTrusted = "ClientCertificateNotTrusted",
        /// It, or a certificate above it, is revoked.
        Revoked = "ClientCertificateRevoked",
        /// Its revocation status cannot be told and must be.
        RevocationUnknown = "ClientCertificateRevocationUnknown",
        /// It is none of the allowed identities.
        IdentityNotMatched = "ClientCertificateIdentityNotMatched",
        /// A policy refused it by rules of its own.
        Policy = "Policy",
    }
}

impl VerdictReason {
    /// The variant with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.word() == code)
    }
}

closed_set! {
    /// Why a connection was closed before its handshake.
    ConnectionRefusal {
        /// The worker has as many connections as it may have.
        WorkerConnections = "worker_connections",
        /// The worker has as many handshakes under way as it may have.
        WorkerHandshakes = "worker_handshakes",
        /// The client address has as many connections as it may have.
        AddressConnections = "address_connections",
        /// The client address has as many handshakes under way as it may have.
        AddressHandshakes = "address_handshakes",
        /// The gateway is draining.
        Draining = "draining",
    }
}

closed_set! {
    /// A budget that policies can overrun.
    PolicyBudget {
        /// Steps of an expression.
        Instructions = "instructions",
        /// Bytes that an expression allocates.
        Allocation = "allocation",
        /// Calls inside calls, or values inside values.
        Depth = "depth",
        /// Steps of searches with regular expressions.
        Regex = "regex",
        /// What the policies of one request ask for.
        Effects = "effects",
    }
}

closed_set! {
    /// How a request of a policy's own ended.
    SendEnd {
        /// With a response, whatever its status.
        Answered = "answered",
        /// No complete response came in time.
        Timeout = "timeout",
        /// The server could not be reached, or the connection broke.
        Connection = "connection",
        /// The TLS handshake failed.
        Tls = "tls",
        /// The response is larger than what may be kept.
        TooLarge = "too_large",
        /// It could not be sent as it was written.
        Configuration = "configuration",
        /// There were too many that nobody waits for.
        Limit = "limit",
        /// Nobody waited for it any more.
        Cancelled = "cancelled",
    }
}

closed_set! {
    /// What refused a request on behalf of a policy.
    PolicyRefusal {
        /// `rate-limit`, `rate-limit-by-key`.
        RateLimit = "rate_limit",
        /// `quota`, `quota-by-key`.
        Quota = "quota",
        /// `limit-concurrency`.
        Concurrency = "concurrency",
        /// There was no room for another counter.
        CountersFull = "counters_full",
    }
}

closed_set! {
    /// A stage of a request, as in the request story.
    Stage {
        /// The TLS handshake; once per connection.
        Handshake = "handshake",
        /// The chain's verdict.
        Judge = "judge",
        /// Host, path, operation.
        Route = "route",
        /// Policies before the backend.
        Inbound = "inbound",
        /// From the first byte to the backend to the head of its answer.
        Forward = "forward",
        /// Policies after the backend.
        Outbound = "outbound",
        /// From the request's head to the last byte of the answer.
        Total = "total",
    }
}

closed_set! {
    /// Why a change was not made.
    ChangeRefusal {
        /// What it changes does not exist.
        NotFound = "not_found",
        /// Its `ETag` is not the resource's.
        PreconditionFailed = "precondition_failed",
        /// Others refer to what it removes.
        InUse = "in_use",
        /// It is not valid.
        Invalid = "invalid",
        /// The store refused it.
        Store = "store",
        /// The outcome of an earlier change is not known.
        Unsettled = "unsettled",
        /// The gateway is shutting down.
        ShuttingDown = "shutting_down",
    }
}

closed_set! {
    /// What a certificate, or a list of revoked ones, is there for.
    CertificateKind {
        /// A trusted certification authority.
        Ca = "ca",
        /// Shown to clients.
        Server = "server",
        /// Shown to backends.
        Backend = "backend",
        /// Uploaded, for policies to refer to.
        Uploaded = "uploaded",
        /// The admin listener's.
        Admin = "admin",
        /// A certificate revocation list; it expires at its next update.
        Crl = "crl",
    }
}

closed_set! {
    /// A part of the slow side that is started again when it fails.
    Supervised {
        /// Makes changes, one after the other.
        Publisher = "publisher",
        /// Watches what expires.
        ExpiryWatch = "expiry_watch",
        /// Appends audit records.
        AuditWriter = "audit_writer",
        /// Reads certificates from files again when they change.
        FileHosts = "file_hosts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_class() {
        assert_eq!(StatusClass::of(Some(101)), StatusClass::Informational);
        assert_eq!(StatusClass::of(Some(200)), StatusClass::Success);
        assert_eq!(StatusClass::of(Some(304)), StatusClass::Redirection);
        assert_eq!(StatusClass::of(Some(421)), StatusClass::ClientError);
        assert_eq!(StatusClass::of(Some(599)), StatusClass::ServerError);
        assert_eq!(StatusClass::of(Some(700)), StatusClass::Unanswered);
        assert_eq!(StatusClass::of(None), StatusClass::Unanswered);
    }

    #[test]
    fn a_reason_is_found_by_the_code_policies_use() {
        for reason in VerdictReason::ALL {
            assert_eq!(VerdictReason::from_code(reason.word()), Some(*reason));
        }
        assert_eq!(VerdictReason::from_code("clientcertificatenotfound"), None);
    }

    #[test]
    fn records_and_labels_use_the_same_word() {
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.word());
        }
    }
}
