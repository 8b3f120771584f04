//! What all hash functions have: `HashAlgorithm`, `KeyedHashAlgorithm` and `HMAC`.

use std::sync::Mutex;

use super::{hash_names, part};
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::{bytes, int, text};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::machine::Machine;
use crate::expression::object::lock;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use crate::host::HashAlgorithm;

/// A hash function, with its key if it is an HMAC.
pub(in crate::expression::library) struct Hasher {
    class: Basic,
    algorithm: HashAlgorithm,
    keyed: bool,
    state: Mutex<State>,
}

/// What a program does to a [`Hasher`].
#[derive(Default)]
struct State {
    key: Vec<u8>,
    /// What `TransformBlock` was given.
    pending: Vec<u8>,
    /// The `Hash` property.
    last: Option<Vec<u8>>,
}

/// The class only: the key stays out of logs.
impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.class.name())
    }
}

impl Foreign for Hasher {
    fn type_of(&self) -> Type {
        Type::Basic(self.class)
    }
}

pub(in crate::expression::library) fn hash(class: Basic, algorithm: HashAlgorithm) -> Value {
    Value::foreign(Hasher {
        class,
        algorithm,
        keyed: false,
        state: Mutex::default(),
    })
}

/// An HMAC. Without a key it has a random one, as long as a block of the hash function.
pub(in crate::expression::library) fn hmac(
    machine: &mut Machine<'_>,
    class: Basic,
    algorithm: HashAlgorithm,
    key: Option<Vec<u8>>,
) -> Value {
    let key = key.unwrap_or_else(|| {
        let mut fresh = vec![0; algorithm.block_length()];
        machine.host.random(&mut fresh);
        fresh
    });
    Value::foreign(Hasher {
        class,
        algorithm,
        keyed: true,
        state: Mutex::new(State {
            key,
            ..State::default()
        }),
    })
}

/// A digest that could not be computed is an exception and never an empty array, which others would
/// compare or sign.
pub(in crate::expression::library) fn computed(
    digest: Option<Vec<u8>>,
) -> Result<Vec<u8>, Exception> {
    digest.ok_or_else(|| {
        Exception::new(
            names::CRYPTOGRAPHIC,
            "The cryptographic library refused to compute the hash.",
        )
    })
}

fn this(args: &[Value]) -> Result<&Hasher, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}

impl Hasher {
    fn finish(&self, machine: &mut Machine<'_>, data: &[u8]) -> Result<Vec<u8>, Exception> {
        machine.budget.charge(data.len() as u64 / 16)?;
        let mut state = lock(&self.state);
        let mut all = std::mem::take(&mut state.pending);
        let data = if all.is_empty() {
            data
        } else {
            all.extend_from_slice(data);
            &all
        };
        let digest = if self.keyed {
            machine.host.hmac(self.algorithm, &state.key, data)
        } else {
            machine.host.hash(self.algorithm, data)
        };
        let digest = computed(digest)?;
        state.last = Some(digest.clone());
        Ok(digest)
    }
}

fn create(machine: &mut Machine<'_>, name: &str, keyed: bool) -> Value {
    match hash_names::class(name) {
        Some((class, algorithm, true)) => hmac(machine, class, algorithm, None),
        Some((class, algorithm, false)) if !keyed => hash(class, algorithm),
        // .NET knows no such algorithm, or casts it to another class.
        _ => Value::Null,
    }
}

pub(super) static HASH_ALGORITHM: Group = Group {
    owner: "HashAlgorithm",
    entries: &[
        full("static HashAlgorithm Create(string hashName)", |m, a| {
            let name = text(a, 0, "hashName")?.as_str().to_owned();
            Ok(create(m, &name, false))
        }),
        full("byte[] ComputeHash(byte[] buffer)", |m, a| {
            let data = bytes(a, 1, "buffer")?;
            lock(&this(a)?.state).pending.clear();
            this(a)?.finish(m, &data).map(Value::bytes)
        }),
        full(
            "byte[] ComputeHash(byte[] buffer, int offset, int count)",
            |m, a| {
                let data = part(&bytes(a, 1, "buffer")?, int(a, 2), int(a, 3))?;
                lock(&this(a)?.state).pending.clear();
                this(a)?.finish(m, &data).map(Value::bytes)
            },
        ),
        full(
            "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] \
             outputBuffer, int outputOffset)",
            |m, a| {
                let data = part(&bytes(a, 1, "inputBuffer")?, int(a, 2), int(a, 3))?;
                m.budget.allocate(data.len())?;
                lock(&this(a)?.state).pending.extend_from_slice(&data);
                if let Some(Value::Object(output)) = a.get(4) {
                    for (at, byte) in (int(a, 5)..).zip(&data) {
                        let at = usize::try_from(at).unwrap_or(usize::MAX);
                        if !output.set_at(at, Value::Byte(*byte)) {
                            return Err(Exception::new(
                                names::ARGUMENT,
                                "Destination array was not long enough. Check the destination \
                                 index, length, and the array's lower bounds. (Parameter \
                                 'destinationArray')",
                            ));
                        }
                    }
                }
                Ok(Value::Int(int(a, 3)))
            },
        ),
        full(
            "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)",
            |m, a| {
                let data = part(&bytes(a, 1, "inputBuffer")?, int(a, 2), int(a, 3))?;
                m.budget.allocate(data.len())?;
                this(a)?.finish(m, &data)?;
                Ok(Value::bytes(data))
            },
        ),
        full("byte[] Hash", |_, a| {
            let state = lock(&this(a)?.state);
            if !state.pending.is_empty() {
                return Err(Exception::new(
                    names::CRYPTOGRAPHIC,
                    "Hash must be finalized before the hash value is retrieved.",
                ));
            }
            Ok(state.last.clone().map_or(Value::Null, Value::bytes))
        }),
        full("void Initialize()", |_, a| {
            lock(&this(a)?.state).pending.clear();
            Ok(Value::Null)
        }),
        pure("int HashSize", |_, a| {
            let bits = this(a)?.algorithm.length() * 8;
            Ok(Value::Int(i32::try_from(bits).unwrap_or_default()))
        }),
        pure("int InputBlockSize", |_, _| Ok(Value::Int(1))),
        pure("int OutputBlockSize", |_, _| Ok(Value::Int(1))),
        pure("bool CanReuseTransform", |_, _| Ok(Value::Bool(true))),
        pure("bool CanTransformMultipleBlocks", |_, _| {
            Ok(Value::Bool(true))
        }),
        pure("void Dispose()", |_, _| Ok(Value::Null)),
        pure("void Clear()", |_, _| Ok(Value::Null)),
    ],
};

pub(super) static KEYED: Group = Group {
    owner: "KeyedHashAlgorithm",
    entries: &[
        full("byte[] Key", |_, a| {
            Ok(Value::bytes(lock(&this(a)?.state).key.clone()))
        }),
        full("void set_Key(byte[] value)", |_, a| {
            let key = bytes(a, 1, "value")?;
            lock(&this(a)?.state).key = key;
            Ok(a.get(1).cloned().unwrap_or(Value::Null))
        }),
        full(
            "static KeyedHashAlgorithm Create(string algName)",
            |m, a| {
                let name = text(a, 0, "algName")?.as_str().to_owned();
                Ok(create(m, &name, true))
            },
        ),
    ],
};

pub(super) static HMAC: Group = Group {
    owner: "HMAC",
    entries: &[
        full("static HMAC Create(string algorithmName)", |m, a| {
            let name = text(a, 0, "algorithmName")?.as_str().to_owned();
            Ok(create(m, &name, true))
        }),
        pure("string HashName", |_, a| {
            Ok(Value::from(hash_names::shown(this(a)?.algorithm)))
        }),
    ],
};
