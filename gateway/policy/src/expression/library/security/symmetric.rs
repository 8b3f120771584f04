//! `SymmetricAlgorithm` and `Aes`.

use std::sync::Mutex;

use super::thrown;
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::{bytes, int, text, value};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::machine::Machine;
use crate::expression::object::lock;
use crate::expression::types::{Basic, Enumeration, Type};
use crate::expression::value::Value;
use crate::host::{Cipher, CipherAlgorithm, CipherMode, CipherPadding};

type Outcome = Result<Value, Exception>;

/// A `SymmetricAlgorithm`.
pub(super) struct Symmetric {
    pub(super) algorithm: CipherAlgorithm,
    pub(super) settings: Mutex<Settings>,
}

/// Its properties. Key and vector are made when they are first asked for, as in .NET.
#[derive(Clone)]
pub(super) struct Settings {
    mode: i32,
    padding: i32,
    feedback_bits: i32,
    key_bits: i32,
    key: Option<Vec<u8>>,
    iv: Option<Vec<u8>>,
}

/// The name only.
impl std::fmt::Debug for Symmetric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.algorithm)
    }
}

impl Foreign for Symmetric {
    fn type_of(&self) -> Type {
        Type::Basic(match self.algorithm {
            CipherAlgorithm::Aes => Basic::Aes,
            CipherAlgorithm::TripleDes => Basic::SymmetricAlgorithm,
        })
    }
}

const KEY_SIZE: &str = "Specified key is not a valid size for this algorithm.";
const IV_SIZE: &str =
    "Specified initialization vector (IV) does not match the block size for this algorithm.";
const CBC: i32 = 1;
const PKCS7: i32 = 2;

fn cryptographic(message: impl Into<String>) -> Exception {
    Exception::new(names::CRYPTOGRAPHIC, message)
}

impl Symmetric {
    pub(super) fn new(algorithm: CipherAlgorithm) -> Self {
        Self {
            algorithm,
            settings: Mutex::new(Settings {
                mode: CBC,
                padding: PKCS7,
                feedback_bits: 8,
                key_bits: match algorithm {
                    CipherAlgorithm::Aes => 256,
                    CipherAlgorithm::TripleDes => 192,
                },
                key: None,
                iv: None,
            }),
        }
    }

    /// By a name that .NET's `CryptoConfig` knows; `None` for others. Case does not matter.
    pub(super) fn named(name: &str) -> Result<Option<Self>, Exception> {
        let upper = name.to_ascii_uppercase();
        let short = upper
            .strip_prefix("SYSTEM.SECURITY.CRYPTOGRAPHY.")
            .unwrap_or(&upper);
        let plain = short
            .strip_suffix("CRYPTOSERVICEPROVIDER")
            .or_else(|| short.strip_suffix("MANAGED"))
            .or_else(|| short.strip_suffix("CNG"))
            .unwrap_or(short);
        Ok(Some(Self::new(match plain {
            "AES" | "RIJNDAEL" | "SYMMETRICALGORITHM" => CipherAlgorithm::Aes,
            "TRIPLEDES" | "3DES" | "TRIPLE DES" => CipherAlgorithm::TripleDes,
            "DES" | "RC2" => {
                return Err(Exception::new(
                    names::NOT_SUPPORTED,
                    format!("The cipher {plain} is broken and not supported by this gateway."),
                ));
            }
            _ => return Ok(None),
        })))
    }

    fn key_fits(&self, bits: i32) -> bool {
        match self.algorithm {
            CipherAlgorithm::Aes => matches!(bits, 128 | 192 | 256),
            CipherAlgorithm::TripleDes => matches!(bits, 128 | 192),
        }
    }

    fn block_bits(&self) -> i32 {
        i32::try_from(self.algorithm.block_length() * 8).unwrap_or_default()
    }

    /// Checks `key` and `iv` as `CreateEncryptor(rgbKey, rgbIV)` does.
    pub(super) fn check(&self, key: &[u8], iv: &[u8]) -> Result<(), Exception> {
        if !self.key_fits(bits(key)) {
            return Err(Exception::new(
                names::ARGUMENT,
                format!("{KEY_SIZE} (Parameter 'rgbKey')"),
            ));
        }
        if bits(iv) != self.block_bits() {
            return Err(Exception::new(
                names::ARGUMENT,
                format!("{IV_SIZE} (Parameter 'rgbIV')"),
            ));
        }
        Ok(())
    }

    pub(super) fn key(&self, machine: &mut Machine<'_>) -> Vec<u8> {
        let mut settings = lock(&self.settings);
        let length = usize::try_from(settings.key_bits / 8).unwrap_or_default();
        settings
            .key
            .get_or_insert_with(|| random(machine, length))
            .clone()
    }

    pub(super) fn iv(&self, machine: &mut Machine<'_>) -> Vec<u8> {
        let length = self.algorithm.block_length();
        lock(&self.settings)
            .iv
            .get_or_insert_with(|| random(machine, length))
            .clone()
    }

    /// Encrypts or decrypts as the properties say.
    pub(super) fn transform(
        &self,
        machine: &mut Machine<'_>,
        encrypt: bool,
        data: &[u8],
        key: &[u8],
        iv: &[u8],
    ) -> Outcome {
        let settings = lock(&self.settings).clone();
        let cipher = Cipher {
            algorithm: self.algorithm,
            mode: mode(settings.mode, settings.feedback_bits)?,
            padding: padding(settings.padding)?,
            key,
            iv,
        };
        run(machine, encrypt, &cipher, data)
    }
}

fn run(machine: &mut Machine<'_>, encrypt: bool, cipher: &Cipher<'_>, data: &[u8]) -> Outcome {
    machine.budget.allocate(data.len().saturating_add(32))?;
    // Feedback of 8 bits works one block per byte.
    let per_byte = u64::from(cipher.mode == CipherMode::Cfb8) * 15 + 1;
    machine
        .budget
        .charge((data.len() as u64 / 16).saturating_mul(per_byte))?;
    if encrypt {
        machine.host.encrypt(cipher, data)
    } else {
        machine.host.decrypt(cipher, data)
    }
    .map(Value::bytes)
    .map_err(|error| thrown(&error))
}

fn bits(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len().saturating_mul(8)).unwrap_or(i32::MAX)
}

fn random(machine: &mut Machine<'_>, length: usize) -> Vec<u8> {
    let mut fresh = vec![0; length];
    machine.host.random(&mut fresh);
    fresh
}

/// `CipherMode`, of which .NET's own ciphers have these.
fn mode(mode: i32, feedback_bits: i32) -> Result<CipherMode, Exception> {
    Ok(match mode {
        1 => CipherMode::Cbc,
        2 => CipherMode::Ecb,
        4 if feedback_bits == 8 => CipherMode::Cfb8,
        4 => CipherMode::Cfb,
        _ => {
            return Err(cryptographic(
                "Specified cipher mode is not valid for this algorithm.",
            ));
        }
    })
}

fn padding(padding: i32) -> Result<CipherPadding, Exception> {
    Ok(match padding {
        1 => CipherPadding::None,
        2 => CipherPadding::Pkcs7,
        3 => CipherPadding::Zeros,
        4 => CipherPadding::AnsiX923,
        5 => CipherPadding::Iso10126,
        _ => {
            return Err(cryptographic(
                "Specified padding mode is not valid for this algorithm.",
            ));
        }
    })
}

pub(super) fn this(args: &[Value], index: usize) -> Result<&Symmetric, Exception> {
    args.get(index)
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}

fn create(args: &[Value], name: &str) -> Outcome {
    let name = text(args, 0, name)?;
    Ok(Symmetric::named(name.as_str())?.map_or(Value::Null, Value::foreign))
}

/// Changes a property, whose new value is the result.
fn set(
    args: &[Value],
    change: impl FnOnce(&Symmetric, &mut Settings) -> Result<(), Exception>,
) -> Outcome {
    let this = this(args, 0)?;
    change(this, &mut lock(&this.settings))?;
    Ok(value(args, 1))
}

fn get(args: &[Value], read: impl FnOnce(&Symmetric, &Settings) -> Value) -> Outcome {
    let this = this(args, 0)?;
    let settings = lock(&this.settings);
    Ok(read(this, &settings))
}

/// `EncryptCbc` and its siblings: data, vector and padding are arguments 1 to 3.
fn one_shot(
    machine: &mut Machine<'_>,
    args: &[Value],
    encrypt: bool,
    mode: CipherMode,
    padding_at: usize,
) -> Outcome {
    let name = if encrypt { "plaintext" } else { "ciphertext" };
    let data = bytes(args, 1, name)?;
    let iv = match mode {
        CipherMode::Ecb => Vec::new(),
        _ => bytes(args, 2, "iv")?,
    };
    let this = this(args, 0)?;
    if mode != CipherMode::Ecb && bits(&iv) != this.block_bits() {
        return Err(Exception::new(
            names::ARGUMENT,
            format!("{IV_SIZE} (Parameter 'iv')"),
        ));
    }
    let key = this.key(machine);
    let cipher = Cipher {
        algorithm: this.algorithm,
        mode,
        padding: padding(int(args, padding_at))?,
        key: &key,
        iv: &iv,
    };
    run(machine, encrypt, &cipher, &data)
}

pub(super) static SYMMETRIC: Group = Group {
    owner: "SymmetricAlgorithm",
    entries: &[
        full(
            "static SymmetricAlgorithm Create(string algName)",
            |_, a| create(a, "algName"),
        ),
        full("byte[] Key", |m, a| Ok(Value::bytes(this(a, 0)?.key(m)))),
        full("void set_Key(byte[] value)", |_, a| {
            let key = bytes(a, 1, "value")?;
            set(a, |this, settings| {
                if !this.key_fits(bits(&key)) {
                    return Err(cryptographic(KEY_SIZE));
                }
                settings.key_bits = bits(&key);
                settings.key = Some(key);
                Ok(())
            })
        }),
        full("byte[] IV", |m, a| Ok(Value::bytes(this(a, 0)?.iv(m)))),
        full("void set_IV(byte[] value)", |_, a| {
            let iv = bytes(a, 1, "value")?;
            set(a, |this, settings| {
                if bits(&iv) != this.block_bits() {
                    return Err(cryptographic(IV_SIZE));
                }
                settings.iv = Some(iv);
                Ok(())
            })
        }),
        full("CipherMode Mode", |_, a| {
            get(a, |_, s| Value::Enum(Enumeration::CipherMode, s.mode))
        }),
        full("void set_Mode(CipherMode value)", |_, a| {
            set(a, |_, settings| {
                mode(int(a, 1), settings.feedback_bits)?;
                settings.mode = int(a, 1);
                Ok(())
            })
        }),
        full("PaddingMode Padding", |_, a| {
            get(a, |_, s| Value::Enum(Enumeration::PaddingMode, s.padding))
        }),
        full("void set_Padding(PaddingMode value)", |_, a| {
            set(a, |_, settings| {
                padding(int(a, 1))?;
                settings.padding = int(a, 1);
                Ok(())
            })
        }),
        full("int KeySize", |_, a| get(a, |_, s| Value::Int(s.key_bits))),
        full("void set_KeySize(int value)", |_, a| {
            set(a, |this, settings| {
                if !this.key_fits(int(a, 1)) {
                    return Err(cryptographic(
                        "Specified key size is not valid for this algorithm.",
                    ));
                }
                settings.key_bits = int(a, 1);
                settings.key = None;
                Ok(())
            })
        }),
        full("int BlockSize", |_, a| {
            get(a, |this, _| Value::Int(this.block_bits()))
        }),
        full("void set_BlockSize(int value)", |_, a| {
            set(a, |this, _| {
                if int(a, 1) == this.block_bits() {
                    Ok(())
                } else {
                    Err(cryptographic(
                        "Specified block size is not valid for this algorithm.",
                    ))
                }
            })
        }),
        full("int FeedbackSize", |_, a| {
            get(a, |_, s| Value::Int(s.feedback_bits))
        }),
        full("void set_FeedbackSize(int value)", |_, a| {
            set(a, |this, settings| {
                if int(a, 1) != 8 && int(a, 1) != this.block_bits() {
                    return Err(cryptographic(
                        "Specified feedback size is not valid for this algorithm.",
                    ));
                }
                settings.feedback_bits = int(a, 1);
                Ok(())
            })
        }),
        full("void GenerateKey()", |m, a| {
            lock(&this(a, 0)?.settings).key = None;
            this(a, 0)?.key(m);
            Ok(Value::Null)
        }),
        full("void GenerateIV()", |m, a| {
            lock(&this(a, 0)?.settings).iv = None;
            this(a, 0)?.iv(m);
            Ok(Value::Null)
        }),
        full("bool ValidKeySize(int bitLength)", |_, a| {
            Ok(Value::Bool(this(a, 0)?.key_fits(int(a, 1))))
        }),
        full(
            "byte[] EncryptCbc(byte[] plaintext, byte[] iv, PaddingMode paddingMode = 2)",
            |m, a| one_shot(m, a, true, CipherMode::Cbc, 3),
        ),
        full(
            "byte[] DecryptCbc(byte[] ciphertext, byte[] iv, PaddingMode paddingMode = 2)",
            |m, a| one_shot(m, a, false, CipherMode::Cbc, 3),
        ),
        full(
            "byte[] EncryptEcb(byte[] plaintext, PaddingMode paddingMode)",
            |m, a| one_shot(m, a, true, CipherMode::Ecb, 2),
        ),
        full(
            "byte[] DecryptEcb(byte[] ciphertext, PaddingMode paddingMode)",
            |m, a| one_shot(m, a, false, CipherMode::Ecb, 2),
        ),
        pure("void Clear()", |_, _| Ok(Value::Null)),
        pure("void Dispose()", |_, _| Ok(Value::Null)),
    ],
};

fn aes() -> Value {
    Value::foreign(Symmetric::new(CipherAlgorithm::Aes))
}

pub(super) static AES: Group = Group {
    owner: "Aes",
    entries: &[
        full("static Aes Create()", |_, _| Ok(aes())),
        full("static Aes Create(string algorithmName)", |_, a| {
            let name = text(a, 0, "algorithmName")?;
            Ok(match Symmetric::named(name.as_str()) {
                Ok(Some(Symmetric {
                    algorithm: CipherAlgorithm::Aes,
                    ..
                })) => aes(),
                _ => Value::Null,
            })
        }),
    ],
};
