//! Who may use the admin API: holders of a bearer token (RFC 6750), compared in constant time.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gateway_tls::digest::sha256;
use openssl::memcmp;
use zeroize::Zeroizing;

/// Shortest token that is accepted as configuration, in characters: 128 bits in base64 have 22.
pub const SHORTEST_TOKEN: usize = 16;

/// A credential.
#[derive(Clone)]
pub struct AdminToken {
    /// Name for audit records.
    pub name: Arc<str>,
    /// What the client sends.
    pub secret: Zeroizing<String>,
    /// What its holder may do.
    pub role: Role,
}

/// What the holder of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, including a named value that changes the code around it.
    Admin,
    /// Everything else.
    Operator,
}

impl fmt::Debug for AdminToken {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminToken")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
}

/// All tokens, by digest, so that comparing takes the same time whatever was sent.
pub(crate) struct Tokens(Vec<([u8; 32], Caller)>);

impl Tokens {
    pub(crate) fn new(tokens: &[AdminToken]) -> Self {
        let digest = |token: &AdminToken| {
            let caller = Caller {
                name: Arc::clone(&token.name),
                role: token.role,
            };
            (sha256(token.secret.as_bytes()), caller)
        };
        Self(tokens.iter().map(digest).collect())
    }

    /// The caller that the `Authorization` header names.
    pub(crate) fn caller(&self, authorization: Option<&[u8]>) -> Option<&Caller> {
        let (scheme, token) = authorization?.split_at_checked(7)?;
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return None;
        }
        let sent = sha256(token.trim_ascii());
        let mut found = None;
        // All are compared, so that the time does not tell which one came near.
        for (known, caller) in &self.0 {
            if memcmp::eq(known, &sent) {
                found = Some(caller);
            }
        }
        found
    }
}

/// Makes guessing slow: each failure of an address makes its next failures wait longer.
///
/// Only refusals wait, so nobody can lock the operator out. Bounded in memory and in requests that
/// wait at the same time.
pub(crate) struct Throttle {
    step: Duration,
    failures: Mutex<HashMap<IpAddr, (u32, Instant)>>,
    waiting: tokio::sync::Semaphore,
}

/// Addresses remembered at once, and how long a failure is held against one.
const ADDRESSES: usize = 1_024;
const MEMORY: Duration = Duration::from_secs(60);
/// Refusals that wait at the same time; more are answered without having been looked at.
const WAITING: usize = 32;
/// The longest wait is this many steps.
const MOST_STEPS: u32 = 10;

impl Throttle {
    pub(crate) fn new(step: Duration) -> Self {
        Self {
            step,
            failures: Mutex::default(),
            waiting: tokio::sync::Semaphore::new(WAITING),
        }
    }

    /// Waits as long as a refusal for `address` has to wait; false if too many are waiting already.
    pub(crate) async fn delay(&self, address: Option<IpAddr>) -> bool {
        let Ok(_permit) = self.waiting.try_acquire() else {
            return false;
        };
        let count = self.count(address.map(network));
        tokio::time::sleep(self.step * count.min(MOST_STEPS)).await;
        true
    }

    fn count(&self, address: Option<IpAddr>) -> u32 {
        let Some(address) = address else { return 1 };
        let now = Instant::now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, (_, last)| now.duration_since(*last) < MEMORY);
        }
        if failures.len() >= ADDRESSES && !failures.contains_key(&address) {
            return MOST_STEPS;
        }
        let (count, last) = failures.entry(address).or_insert((0, now));
        if now.duration_since(*last) > MEMORY {
            *count = 0;
        }
        *count = count.saturating_add(1);
        *last = now;
        *count
    }
}

/// One customer has a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future as _;

    fn tokens() -> Tokens {
        let token = |name: &str, secret: &str, role| AdminToken {
            name: name.into(),
            secret: Zeroizing::new(secret.to_owned()),
            role,
        };
        Tokens::new(&[
            token("a", "secret-a", Role::Admin),
            token("b", "secret-b", Role::Operator),
        ])
    }

    #[test]
    fn any_of_several_tokens_opens_and_says_whose_it_is() {
        let name = |header: &str| {
            tokens()
                .caller(Some(header.as_bytes()))
                .map(|c| c.name.to_string())
        };
        assert_eq!(name("Bearer secret-a").as_deref(), Some("a"));
        assert_eq!(name("bearer  secret-b ").as_deref(), Some("b"));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer secret",
            "Basic secret-a",
            "secret-a",
            "Bearer secret-a b",
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
        assert_eq!(tokens().caller(None), None);
        assert_eq!(tokens().caller(Some(b"Bearer \xff\xfe")), None);
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let token = AdminToken {
            name: "a".into(),
            secret: Zeroizing::new("hunter2".into()),
            role: Role::Admin,
        };
        assert!(!format!("{token:?}").contains("hunter2"));
    }

    #[actix_rt::test]
    async fn failures_of_one_address_wait_longer_and_memory_is_bounded() {
        let throttle = Throttle::new(Duration::ZERO);
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(throttle.count(Some(network(address))), 1);
        assert_eq!(
            throttle.count(Some(network("2001:db8::2".parse().unwrap()))),
            2
        );
        for i in 0..10_000_u32 {
            throttle.count(Some(IpAddr::V4(i.into())));
        }
        assert!(throttle.failures.lock().unwrap().len() <= ADDRESSES);
        assert!(throttle.delay(None).await);
    }

    #[actix_rt::test]
    async fn only_so_many_refusals_wait_at_once() {
        let throttle = Throttle::new(Duration::from_secs(3600));
        let mut waiting = Vec::new();
        for _ in 0..WAITING {
            let mut delay = Box::pin(throttle.delay(None));
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(delay.as_mut().poll(context).is_pending())
            });
            assert!(polled.await);
            waiting.push(delay);
        }
        assert!(!throttle.delay(None).await);
    }
}
