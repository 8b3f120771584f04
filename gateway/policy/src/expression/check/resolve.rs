//! Names of types → types.

use std::sync::Arc;

use crate::expression::ast::{TypeRef, TypeRefKind};
use crate::expression::token::Span;
use crate::expression::type_names::{EXCEPTIONS, NOT_YET};
use crate::expression::types::{Basic, Enumeration, Family, Type};
use crate::problem::nearest;

/// Why a type cannot be used.
#[derive(Debug)]
pub(crate) struct Unresolved {
    pub(crate) span: Span,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Namespaces whose types need no qualification.
const NAMESPACES: &[&str] = &[
    "System",
    "System.Collections",
    "System.Collections.Generic",
    "System.Linq",
    "System.Text",
    "System.Text.RegularExpressions",
    "System.Net",
    "System.IO",
    "System.Xml",
    "System.Xml.Linq",
    "System.Security",
    "System.Security.Cryptography",
    "System.Security.Cryptography.X509Certificates",
    "Newtonsoft",
    "Newtonsoft.Json",
    "Newtonsoft.Json.Linq",
];

/// Whether a dotted name is a namespace, or the beginning of one.
pub(crate) fn is_namespace(name: &str) -> bool {
    NAMESPACES.contains(&name)
}

/// The type a reference names. `parameters` are type parameters in scope; `var` is not a type here.
pub(crate) fn resolve(reference: &TypeRef, parameters: &[Arc<str>]) -> Result<Type, Unresolved> {
    match &reference.kind {
        TypeRefKind::Var => Err(Unresolved {
            span: reference.span,
            code: "UnknownType",
            message: "`var` cannot be used here.".to_owned(),
        }),
        TypeRefKind::Nullable(inner) => {
            let inner = resolve(inner, parameters)?;
            if inner.is_value_type() || matches!(inner, Type::Parameter(_)) {
                Ok(Type::Nullable(Arc::new(inner)))
            } else {
                // `string?` of later C# is `string`.
                Ok(inner)
            }
        }
        TypeRefKind::Array(inner, 1) => Ok(Type::array(resolve(inner, parameters)?)),
        TypeRefKind::Array(..) => Err(Unresolved {
            span: reference.span,
            code: "NotSupported",
            message: "Arrays of several dimensions are not supported.".to_owned(),
        }),
        TypeRefKind::Tuple(items) => {
            let types = items
                .iter()
                .map(|(ty, name)| {
                    let ty = resolve(ty, parameters)?;
                    Ok(match name {
                        Some(name) => Type::Item(Arc::clone(&name.name), Arc::new(ty)),
                        None => ty,
                    })
                })
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Type::Generic(Family::ValueTuple, types.into()))
        }
        TypeRefKind::Named(names, arguments) => {
            let full = names
                .iter()
                .map(|name| name.name.as_ref())
                .collect::<Vec<_>>()
                .join(".");
            if let [single] = names.as_slice()
                && parameters.contains(&single.name)
            {
                return Ok(Type::Parameter(Arc::clone(&single.name)));
            }
            let arguments = arguments
                .iter()
                .map(|argument| resolve(argument, parameters))
                .collect::<Result<Vec<_>, _>>()?;
            named(&full, arguments, reference.span)
        }
    }
}

/// A type by its short or full name.
pub(crate) fn named(name: &str, arguments: Vec<Type>, span: Span) -> Result<Type, Unresolved> {
    if !arguments.is_empty() {
        return generic(name, arguments, span);
    }
    lookup(name).ok_or_else(|| missing(name, span))
}

/// A type without arguments by its short or full name, if expressions can use it.
pub(crate) fn lookup(name: &str) -> Option<Type> {
    if name == "void" {
        return Some(Type::Void);
    }
    if is_not_yet(name) {
        return None;
    }
    for (basic, short, full) in Basic::ALL {
        if name == *short || name == *full || full.strip_prefix("System.") == Some(name) {
            return Some(Type::Basic(*basic));
        }
    }
    for (enumeration, short, full) in Enumeration::ALL {
        if name == *short || name == *full {
            return Some(Type::Enumeration(*enumeration));
        }
    }
    if matches!(name, "Action" | "System.Action") {
        return Some(Type::Generic(Family::Action, Arc::new([])));
    }
    EXCEPTIONS
        .iter()
        .find(|full| matches_name(name, full))
        .map(|full| Type::Exception(full))
}

/// Whether the library of APIM has a type of that name which does not run here.
pub(crate) fn is_not_yet(name: &str) -> bool {
    NOT_YET.iter().any(|full| matches_name(name, full))
}

fn matches_name(name: &str, full: &str) -> bool {
    name == full || full.rsplit('.').next() == Some(name)
}

fn generic(name: &str, arguments: Vec<Type>, span: Span) -> Result<Type, Unresolved> {
    let short = match name.rsplit_once('.') {
        Some((namespace, short)) if NAMESPACES.contains(&namespace) => short,
        Some(_) => return Err(missing(name, span)),
        None => name,
    };
    if short == "Nullable"
        && let [inner] = arguments.as_slice()
    {
        return Ok(Type::Nullable(Arc::new(inner.clone())));
    }
    let Some((family, _, arity)) = Family::ALL.iter().find(|(_, known, _)| *known == short) else {
        return Err(missing(name, span));
    };
    let several = matches!(
        family,
        Family::Func | Family::Action | Family::Tuple | Family::ValueTuple
    );
    let fits = if several {
        arguments.len() <= *arity
    } else {
        arguments.len() == *arity
    };
    if fits {
        Ok(Type::Generic(*family, arguments.into()))
    } else {
        Err(Unresolved {
            span,
            code: "UnknownType",
            message: format!(
                "`{short}` takes {arity} type arguments, not {}.",
                arguments.len()
            ),
        })
    }
}

fn missing(name: &str, span: Span) -> Unresolved {
    if name == "dynamic" {
        return Unresolved {
            span,
            code: "NotSupported",
            message: "`dynamic` is not supported in policy expressions.".to_owned(),
        };
    }
    if is_not_yet(name) {
        let short = name.rsplit('.').next().unwrap_or(name);
        return Unresolved {
            span,
            code: "NotSupported",
            message: format!("`{short}` is not supported yet."),
        };
    }
    let suggestion = suggest(name)
        .map(|known| format!(" Did you mean `{known}`?"))
        .unwrap_or_default();
    Unresolved {
        span,
        code: "UnknownType",
        message: format!(
            "The type `{name}` is unknown or not allowed in policy expressions.{suggestion}"
        ),
    }
}

/// The known type nearest to a name.
pub(crate) fn suggest(name: &str) -> Option<&'static str> {
    let short = name.rsplit('.').next().unwrap_or(name);
    let known = Basic::ALL
        .iter()
        .map(|(_, short, _)| *short)
        .chain(Enumeration::ALL.iter().map(|(_, short, _)| *short))
        .chain(Family::ALL.iter().map(|(_, short, _)| *short))
        .chain(
            NOT_YET
                .iter()
                .map(|full| full.rsplit('.').next().unwrap_or(full)),
        )
        .chain(
            EXCEPTIONS
                .iter()
                .map(|full| full.rsplit('.').next().unwrap_or(full)),
        );
    nearest(short, known.filter(|candidate| *candidate != short))
}
