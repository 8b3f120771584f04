//! Type parameters and what they stand for.

use crate::expression::types::Type;
use std::sync::Arc;

/// Type parameters and what they stand for.
pub(super) type Bindings = Vec<(Arc<str>, Type)>;

/// A type and everything it inherits from, nearest first, `object` last.
pub(super) fn levels(ty: &Type) -> Vec<Type> {
    let mut all = vec![ty.clone()];
    let mut at = 0;
    while let Some(current) = all.get(at).cloned() {
        for base in current.bases() {
            if !all.contains(&base) {
                all.push(base);
            }
        }
        at += 1;
    }
    if *ty != Type::OBJECT {
        all.push(Type::OBJECT);
    }
    all
}

/// What the type parameters of a member's owner stand for in a type.
pub(super) fn bind_owner(owner: &Type, actual: &Type) -> Bindings {
    let mut bindings = Bindings::new();
    unify(owner, actual, &mut bindings);
    bindings
}

/// Makes `pattern` equal to `actual` as far as its parameters are free.
pub(super) fn unify(pattern: &Type, actual: &Type, bindings: &mut Bindings) {
    match (pattern.without_name(), actual.without_name()) {
        // What is not known settles every parameter, so that nothing more is said about it.
        (Type::Array(inner) | Type::Nullable(inner), Type::Unknown) => {
            unify(inner, actual, bindings);
        }
        (Type::Generic(_, arguments), Type::Unknown) => {
            for argument in arguments.iter() {
                unify(argument, actual, bindings);
            }
        }
        (Type::Parameter(name), actual) => {
            if matches!(actual, Type::Null | Type::Void) {
                return;
            }
            match bindings.iter_mut().find(|(known, _)| known == name) {
                // The wider of two candidates.
                Some((_, bound)) if bound.is_unknown() => *bound = actual.clone(),
                Some((_, bound)) => {
                    if super::convert::cost(bound, actual, None).is_some()
                        && super::convert::cost(actual, bound, None).is_none()
                    {
                        *bound = actual.clone();
                    }
                }
                None => bindings.push((Arc::clone(name), actual.clone())),
            }
        }
        (Type::Array(pattern), Type::Array(actual))
        | (Type::Nullable(pattern), Type::Nullable(actual)) => unify(pattern, actual, bindings),
        (Type::Nullable(pattern), actual) => unify(pattern, actual, bindings),
        (Type::Generic(family, patterns), actual) => {
            let matching = levels(actual).into_iter().find_map(|level| match level {
                Type::Generic(other, arguments) if other == *family => Some(arguments),
                _ => None,
            });
            if let Some(arguments) = matching {
                for (pattern, argument) in patterns.iter().zip(arguments.iter()) {
                    unify(pattern, argument, bindings);
                }
            }
        }
        _ => {}
    }
}

/// A type with its parameters replaced; free ones stay.
pub(super) fn substitute(ty: &Type, bindings: &Bindings) -> Type {
    match ty {
        Type::Parameter(name) => bindings
            .iter()
            .find(|(known, _)| known == name)
            .map_or_else(|| ty.clone(), |(_, bound)| bound.clone()),
        Type::Array(element) => Type::array(substitute(element, bindings)),
        Type::Nullable(inner) => match substitute(inner, bindings) {
            nullable @ Type::Nullable(_) => nullable,
            inner if inner.is_value_type() || matches!(inner, Type::Parameter(_)) => {
                Type::Nullable(Arc::new(inner))
            }
            inner => inner,
        },
        Type::Generic(family, arguments) => Type::Generic(
            *family,
            arguments
                .iter()
                .map(|argument| substitute(argument, bindings))
                .collect(),
        ),
        Type::Item(name, ty) => Type::Item(Arc::clone(name), Arc::new(substitute(ty, bindings))),
        other => other.clone(),
    }
}

/// Whether a type still has free parameters.
pub(super) fn is_open(ty: &Type) -> bool {
    match ty {
        Type::Parameter(_) => true,
        Type::Array(inner) | Type::Nullable(inner) | Type::Item(_, inner) => is_open(inner),
        Type::Generic(_, arguments) => arguments.iter().any(is_open),
        _ => false,
    }
}
