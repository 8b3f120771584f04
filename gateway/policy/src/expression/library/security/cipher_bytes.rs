//! APIM's extension methods `Encrypt` and `Decrypt` of `byte[]` (policy-expressions page, `context`).

use super::symmetric::{Symmetric, this};
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{bytes, text};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

fn by_name(machine: &mut Machine<'_>, args: &[Value], encrypt: bool) -> Outcome {
    let name = text(args, 1, "alg")?;
    let Some(algorithm) = Symmetric::named(name.as_str())? else {
        return Err(Exception::new(
            names::CRYPTOGRAPHIC,
            format!("`{}` is not a known symmetric algorithm.", name.as_str()),
        ));
    };
    with_key(machine, args, &algorithm, encrypt)
}

fn with_key(
    machine: &mut Machine<'_>,
    args: &[Value],
    algorithm: &Symmetric,
    encrypt: bool,
) -> Outcome {
    let data = bytes(args, 0, "input")?;
    let (key, iv) = (bytes(args, 2, "key")?, bytes(args, 3, "iv")?);
    algorithm.check(&key, &iv)?;
    algorithm.transform(machine, encrypt, &data, &key, &iv)
}

fn of_its_own(machine: &mut Machine<'_>, args: &[Value], encrypt: bool) -> Outcome {
    let data = bytes(args, 0, "input")?;
    let algorithm = this(args, 1).map_err(|_| Exception::argument_null("alg"))?;
    let (key, iv) = (algorithm.key(machine), algorithm.iv(machine));
    algorithm.transform(machine, encrypt, &data, &key, &iv)
}

fn given(machine: &mut Machine<'_>, args: &[Value], encrypt: bool) -> Outcome {
    let algorithm = this(args, 1).map_err(|_| Exception::argument_null("alg"))?;
    with_key(machine, args, algorithm, encrypt)
}

pub(super) static BYTES: Group = Group {
    owner: "byte[]",
    entries: &[
        full(
            "byte[] Encrypt(string alg, byte[] key, byte[] iv)",
            |m, a| by_name(m, a, true),
        ),
        full("byte[] Encrypt(SymmetricAlgorithm alg)", |m, a| {
            of_its_own(m, a, true)
        }),
        full(
            "byte[] Encrypt(SymmetricAlgorithm alg, byte[] key, byte[] iv)",
            |m, a| given(m, a, true),
        ),
        full(
            "byte[] Decrypt(string alg, byte[] key, byte[] iv)",
            |m, a| by_name(m, a, false),
        ),
        full("byte[] Decrypt(SymmetricAlgorithm alg)", |m, a| {
            of_its_own(m, a, false)
        }),
        full(
            "byte[] Decrypt(SymmetricAlgorithm alg, byte[] key, byte[] iv)",
            |m, a| given(m, a, false),
        ),
    ],
};
