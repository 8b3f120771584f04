//! The gateway's own host, with randomness that can be repeated and trust that can be waived.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use gateway_config::judge::World;
use gateway_policy::certificate::Certificate;
use gateway_policy::host::{
    ChainVerdict, Cipher, Crypto, CryptoError, EncryptionPadding, HashAlgorithm, Host,
    IdentityList, JwsAlgorithm, JwsKey, LoggerMessage, Metric, PublicKey, Revocation, RsaKey,
    RsaKeyMaterial, RsaKeySource, SignaturePadding, TraceRecord, Trust, UnixNanos,
};

/// Where random bytes come from.
#[derive(Debug)]
pub enum Randomness {
    /// The operating system.
    System,
    /// A sequence that its beginning decides: the same in every run, and no secret.
    Seeded(Cell<u64>),
}

impl Randomness {
    /// A sequence that can be repeated.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Cell::new(seed))
    }
}

/// What policies of an offline request see of the world.
#[derive(Debug)]
pub struct OfflineHost {
    world: World,
    randomness: Randomness,
    trust_all: bool,
    /// Loggers and what they were given.
    logged: RefCell<Vec<(String, LoggerMessage)>>,
}

impl OfflineHost {
    pub(super) fn new(world: World, randomness: Randomness, trust_all: bool) -> Self {
        Self {
            world,
            randomness,
            trust_all,
            logged: RefCell::default(),
        }
    }

    /// Takes the records that policies have traced so far.
    #[must_use]
    pub fn take_traces(&self) -> Vec<TraceRecord> {
        self.world.take_traces()
    }

    /// Takes the values that policies have added to metrics so far.
    #[must_use]
    pub fn take_metrics(&self) -> Vec<Metric> {
        self.world.take_metrics()
    }

    /// Takes what loggers were given so far.
    #[must_use]
    pub fn take_logged(&self) -> Vec<(String, LoggerMessage)> {
        std::mem::take(&mut *self.logged.borrow_mut())
    }
}

/// The verdict of a gateway that trusts everybody.
fn trusted() -> ChainVerdict {
    ChainVerdict {
        trust: Trust::Trusted,
        revocation: Revocation::Good,
        issuers: Arc::from([]),
    }
}

impl Host for OfflineHost {
    fn now(&self) -> UnixNanos {
        self.world.now()
    }

    /// `SplitMix64` (Steele, Lea, Flood 2014) when it is seeded.
    fn random(&self, buffer: &mut [u8]) {
        let Randomness::Seeded(state) = &self.randomness else {
            self.world.random(buffer);
            return;
        };
        for chunk in buffer.chunks_mut(8) {
            let next = state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
            state.set(next);
            let mixed = (next ^ (next >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let bytes = (mixed ^ (mixed >> 31)).to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(bytes) {
                *to = from;
            }
        }
    }

    fn parse_certificate(&self, bytes: &[u8]) -> Option<Arc<Certificate>> {
        self.world.parse_certificate(bytes)
    }

    fn client_verdict(&self) -> ChainVerdict {
        if self.trust_all {
            trusted()
        } else {
            self.world.client_verdict()
        }
    }

    fn verdict(&self, certificate: &Certificate) -> ChainVerdict {
        if self.trust_all {
            trusted()
        } else {
            self.world.verdict(certificate)
        }
    }

    fn identity_list(&self, id: &str) -> Option<&dyn IdentityList> {
        self.world.identity_list(id)
    }

    fn deployment_certificate(&self, thumbprint: &str) -> Option<Arc<Certificate>> {
        self.world.deployment_certificate(thumbprint)
    }

    fn deployment_certificates(&self) -> Vec<Arc<Certificate>> {
        self.world.deployment_certificates()
    }

    fn certificate_by_id(&self, id: &str) -> Option<Arc<Certificate>> {
        self.world.certificate_by_id(id)
    }

    fn trace(&self, record: TraceRecord) {
        self.world.trace(record);
    }

    fn emit_metric(&self, metric: Metric) {
        self.world.emit_metric(metric);
    }

    fn log_to(&self, logger: &str, message: LoggerMessage) {
        self.logged.borrow_mut().push((logger.to_owned(), message));
    }
}

impl Crypto for OfflineHost {
    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Option<Vec<u8>> {
        self.world.hash(algorithm, data)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        self.world.hmac(algorithm, key, data)
    }

    fn verify_jws(
        &self,
        algorithm: JwsAlgorithm,
        key: &JwsKey<'_>,
        signing_input: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        self.world
            .verify_jws(algorithm, key, signing_input, signature)
    }

    fn read_rsa_key(&self, source: &RsaKeySource<'_>) -> Result<RsaKeyMaterial, CryptoError> {
        self.world.read_rsa_key(source)
    }

    fn sign_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.world.sign_rsa(key, padding, algorithm, digest)
    }

    fn verify_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: SignaturePadding,
        algorithm: HashAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        self.world
            .verify_rsa(key, padding, algorithm, digest, signature)
    }

    fn encrypt_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.world.encrypt_rsa(key, padding, data)
    }

    fn decrypt_rsa(
        &self,
        key: &RsaKey<'_>,
        padding: EncryptionPadding,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.world.decrypt_rsa(key, padding, data)
    }

    fn encrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.world.encrypt(cipher, data)
    }

    fn decrypt(&self, cipher: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.world.decrypt(cipher, data)
    }

    fn public_key(&self, certificate: &Certificate) -> Option<PublicKey> {
        self.world.public_key(certificate)
    }
}
