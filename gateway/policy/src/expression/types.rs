//! The static types of expressions and how they relate.

use super::handle::Handle;
use super::object::Object;
use super::type_names::Kind;
pub(crate) use super::type_names::{Basic, Enumeration, Family};
use super::value::Value;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A type as the checker knows it.
///
/// The names of a tuple's items do not tell tuple types apart (C# 7 §8.3.11).
#[derive(Debug, Clone)]
pub enum Type {
    /// A problem was reported where this type comes from; nothing more is said about it.
    Unknown,
    /// The type of `null`.
    Null,
    /// No value.
    Void,
    /// A type without arguments.
    Basic(Basic),
    /// `T[]`.
    Array(Arc<Self>),
    /// `T?` of a value type.
    Nullable(Arc<Self>),
    /// A generic type.
    Generic(Family, Arc<[Self]>),
    /// An enumeration.
    Enumeration(Enumeration),
    /// An exception class by its full name.
    Exception(&'static str),
    /// An anonymous type, by its properties.
    Anonymous(Arc<[(Arc<str>, Self)]>),
    /// A type parameter in a signature of the library.
    Parameter(Arc<str>),
    /// A type argument of a tuple type, with the name of the item.
    Item(Arc<str>, Arc<Self>),
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self.without_name(), other.without_name()) {
            (Self::Unknown, Self::Unknown)
            | (Self::Null, Self::Null)
            | (Self::Void, Self::Void) => true,
            (Self::Basic(a), Self::Basic(b)) => a == b,
            (Self::Array(a), Self::Array(b)) | (Self::Nullable(a), Self::Nullable(b)) => a == b,
            (Self::Generic(x, a), Self::Generic(y, b)) => x == y && a == b,
            (Self::Enumeration(a), Self::Enumeration(b)) => a == b,
            (Self::Exception(a), Self::Exception(b)) => a == b,
            (Self::Anonymous(a), Self::Anonymous(b)) => a == b,
            (Self::Parameter(a), Self::Parameter(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Type {}

impl Hash for Type {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ty = self.without_name();
        std::mem::discriminant(ty).hash(state);
        match ty {
            Self::Basic(basic) => basic.hash(state),
            Self::Array(inner) | Self::Nullable(inner) => inner.hash(state),
            Self::Generic(family, arguments) => {
                family.hash(state);
                arguments.hash(state);
            }
            Self::Enumeration(enumeration) => enumeration.hash(state),
            Self::Exception(name) => name.hash(state),
            Self::Anonymous(shape) => shape.hash(state),
            Self::Parameter(name) => name.hash(state),
            _ => {}
        }
    }
}

impl Type {
    pub(crate) const OBJECT: Self = Self::Basic(Basic::Object);

    pub(crate) const BOOL: Self = Self::Basic(Basic::Bool);

    pub(crate) const CHAR: Self = Self::Basic(Basic::Char);

    pub(crate) const INT: Self = Self::Basic(Basic::Int);

    pub(crate) const STRING: Self = Self::Basic(Basic::String);

    /// The type without the name it has as an item of a tuple.
    pub(crate) fn without_name(&self) -> &Self {
        let mut ty = self;
        while let Self::Item(_, inner) = ty {
            ty = inner;
        }
        ty
    }

    pub(crate) fn array(element: Self) -> Self {
        Self::Array(Arc::new(element))
    }

    pub(crate) fn enumerable(element: Self) -> Self {
        Self::Generic(Family::Enumerable, Arc::new([element]))
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether a variable of this type can never hold `null`.
    pub(crate) fn is_value_type(&self) -> bool {
        match self {
            Self::Basic(basic) => basic.kind() == Kind::Struct,
            Self::Generic(family, _) => matches!(family, Family::Pair | Family::ValueTuple),
            Self::Enumeration(_) => true,
            Self::Item(_, ty) => ty.is_value_type(),
            _ => false,
        }
    }

    /// Whether only static members can be used.
    pub(crate) fn is_static_class(&self) -> bool {
        matches!(self, Self::Basic(basic) if basic.kind() == Kind::Static)
    }

    pub(crate) fn is_numeric(&self) -> bool {
        self.rank().is_some()
    }

    /// Arithmetic types in order of promotion: 0 below `int`, then int, uint, long, ulong, float,
    /// double, decimal.
    pub(crate) fn rank(&self) -> Option<u8> {
        let Self::Basic(basic) = self else {
            return None;
        };
        Some(match basic {
            Basic::Char | Basic::SByte | Basic::Byte | Basic::Short | Basic::UShort => 0,
            Basic::Int => 1,
            Basic::UInt => 2,
            Basic::Long => 3,
            Basic::ULong => 4,
            Basic::Float => 5,
            Basic::Double => 6,
            Basic::Decimal => 7,
            _ => return None,
        })
    }

    pub(crate) fn is_integral(&self) -> bool {
        self.rank().is_some_and(|rank| rank < 5)
    }

    /// `T` of `T?`, or the type itself.
    pub(crate) fn unwrap_nullable(&self) -> &Self {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }

    /// The name as C# writes it.
    pub(crate) fn display(&self) -> String {
        match self {
            Self::Unknown => "?".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Void => "void".to_owned(),
            Self::Basic(basic) => basic.name().to_owned(),
            Self::Array(element) => format!("{}[]", element.display()),
            Self::Nullable(inner) => format!("{}?", inner.display()),
            Self::Generic(Family::ValueTuple, arguments) => {
                format!("({})", join(arguments, Self::display))
            }
            Self::Generic(family, arguments) if arguments.is_empty() => family.name().to_owned(),
            Self::Generic(family, arguments) => {
                format!("{}<{}>", family.name(), join(arguments, Self::display))
            }
            Self::Enumeration(enumeration) => enumeration.name().to_owned(),
            Self::Exception(name) => name.rsplit('.').next().unwrap_or(name).to_owned(),
            Self::Anonymous(_) => "anonymous type".to_owned(),
            Self::Parameter(name) => name.to_string(),
            Self::Item(name, ty) => format!("{} {name}", ty.display()),
        }
    }

    /// The name as .NET's `Type.ToString()` writes it, for messages of exceptions.
    pub(crate) fn full_name(&self) -> String {
        match self {
            Self::Basic(basic) => basic.full_name().to_owned(),
            Self::Array(element) => format!("{}[]", element.full_name()),
            Self::Nullable(inner) => format!("System.Nullable`1[{}]", inner.full_name()),
            Self::Generic(family, arguments) => {
                let namespace = match family {
                    Family::Tuple
                    | Family::ValueTuple
                    | Family::Func
                    | Family::Action
                    | Family::Predicate => "System",
                    Family::Grouping | Family::OrderedEnumerable => "System.Linq",
                    _ => "System.Collections.Generic",
                };
                let count = arguments.len();
                if count == 0 {
                    return format!("{namespace}.{}", family.name());
                }
                let arguments = join_with(arguments, ",", Self::full_name);
                format!("{namespace}.{}`{count}[{arguments}]", family.name())
            }
            Self::Enumeration(enumeration) => enumeration.full_name().to_owned(),
            Self::Exception(name) => (*name).to_owned(),
            Self::Anonymous(properties) => format!("<>f__AnonymousType0`{}", properties.len()),
            Self::Item(_, ty) => ty.full_name(),
            other => other.display(),
        }
    }

    /// Direct base type and interfaces, nearest first; `object` is left to the caller.
    pub(crate) fn bases(&self) -> Vec<Self> {
        let generic = |family, arguments: &[Self]| Self::Generic(family, arguments.into());
        match self {
            Self::Basic(Basic::String) => vec![Self::enumerable(Self::CHAR)],
            Self::Array(element) => vec![
                Self::Basic(Basic::ArrayClass),
                generic(Family::IList, &[element.as_ref().clone()]),
                generic(Family::ReadOnlyList, &[element.as_ref().clone()]),
            ],
            Self::Generic(family, arguments) => match (family, arguments.as_ref()) {
                (Family::List, arguments) => {
                    vec![
                        generic(Family::IList, arguments),
                        generic(Family::ReadOnlyList, arguments),
                    ]
                }
                (Family::HashSet, arguments) => {
                    vec![
                        generic(Family::ISet, arguments),
                        generic(Family::ReadOnlyCollection, arguments),
                    ]
                }
                (Family::IList | Family::ISet, arguments) => {
                    vec![generic(Family::Collection, arguments)]
                }
                (Family::ReadOnlyList, arguments) => {
                    vec![generic(Family::ReadOnlyCollection, arguments)]
                }
                (
                    Family::Collection
                    | Family::ReadOnlyCollection
                    | Family::Queue
                    | Family::Stack
                    | Family::OrderedEnumerable,
                    arguments,
                ) => vec![generic(Family::Enumerable, arguments)],
                (Family::Grouping, [_, element]) => vec![Self::enumerable(element.clone())],
                (Family::Dictionary, arguments) => vec![
                    generic(Family::IDictionary, arguments),
                    generic(Family::ReadOnlyDictionary, arguments),
                ],
                (Family::IDictionary, arguments) => {
                    vec![generic(
                        Family::Collection,
                        &[generic(Family::Pair, arguments)],
                    )]
                }
                (Family::ReadOnlyDictionary, arguments) => {
                    vec![generic(
                        Family::ReadOnlyCollection,
                        &[generic(Family::Pair, arguments)],
                    )]
                }
                _ => Vec::new(),
            },
            Self::Basic(Basic::HeaderMap | Basic::QueryMap | Basic::ClaimMap) => vec![generic(
                Family::ReadOnlyDictionary,
                &[Self::STRING, Self::array(Self::STRING)],
            )],
            Self::Basic(Basic::ParameterMap) => {
                vec![generic(
                    Family::ReadOnlyDictionary,
                    &[Self::STRING, Self::STRING],
                )]
            }
            Self::Basic(Basic::VariableMap) => {
                vec![generic(
                    Family::ReadOnlyDictionary,
                    &[Self::STRING, Self::OBJECT],
                )]
            }
            Self::Basic(Basic::CertificateMap) => vec![generic(
                Family::ReadOnlyDictionary,
                &[Self::STRING, Self::Basic(Basic::Certificate)],
            )],
            Self::Basic(Basic::StringComparer) => {
                vec![generic(Family::EqualityComparer, &[Self::STRING])]
            }
            Self::Basic(
                Basic::HmacMd5
                | Basic::HmacSha1
                | Basic::HmacSha256
                | Basic::HmacSha384
                | Basic::HmacSha512,
            ) => vec![Self::Basic(Basic::Hmac)],
            Self::Basic(Basic::Match) => vec![Self::Basic(Basic::RegexGroup)],
            Self::Basic(Basic::RegexGroup) => vec![Self::Basic(Basic::Capture)],
            Self::Basic(Basic::MatchCollection) => {
                vec![Self::enumerable(Self::Basic(Basic::Match))]
            }
            Self::Basic(Basic::GroupCollection) => {
                vec![Self::enumerable(Self::Basic(Basic::RegexGroup))]
            }
            Self::Basic(Basic::CaptureCollection) => {
                vec![Self::enumerable(Self::Basic(Basic::Capture))]
            }
            Self::Basic(Basic::Certificate) => vec![Self::Basic(Basic::BaseCertificate)],
            Self::Basic(Basic::Rsa) => vec![Self::Basic(Basic::AsymmetricAlgorithm)],
            Self::Basic(Basic::Aes) => vec![Self::Basic(Basic::SymmetricAlgorithm)],
            Self::Basic(Basic::Hmac) => vec![Self::Basic(Basic::KeyedHash)],
            Self::Basic(Basic::Sha1Managed) => vec![Self::Basic(Basic::Sha1)],
            Self::Basic(Basic::Sha256Managed) => vec![Self::Basic(Basic::Sha256)],
            Self::Basic(Basic::Sha384Managed) => vec![Self::Basic(Basic::Sha384)],
            Self::Basic(Basic::Sha512Managed) => vec![Self::Basic(Basic::Sha512)],
            Self::Basic(
                Basic::KeyedHash
                | Basic::Md5
                | Basic::Sha1
                | Basic::Sha256
                | Basic::Sha384
                | Basic::Sha512,
            ) => vec![Self::Basic(Basic::HashAlgorithm)],
            Self::Basic(Basic::XElement | Basic::XDocument) => vec![Self::Basic(Basic::XContainer)],
            Self::Basic(
                Basic::XContainer
                | Basic::XText
                | Basic::XComment
                | Basic::XDocumentType
                | Basic::XProcessingInstruction,
            ) => vec![Self::Basic(Basic::XNode)],
            Self::Basic(Basic::XCData) => vec![Self::Basic(Basic::XText)],
            Self::Basic(Basic::XNode | Basic::XAttribute) => vec![Self::Basic(Basic::XObject)],
            Self::Basic(Basic::JObject) => vec![
                Self::Basic(Basic::JContainer),
                Self::enumerable(generic(
                    Family::Pair,
                    &[Self::STRING, Self::Basic(Basic::JToken)],
                )),
            ],
            Self::Basic(Basic::JArray | Basic::JProperty) => {
                vec![Self::Basic(Basic::JContainer)]
            }
            Self::Basic(Basic::JContainer | Basic::JValue) => vec![Self::Basic(Basic::JToken)],
            Self::Basic(Basic::JRaw) => vec![Self::Basic(Basic::JValue)],
            Self::Basic(Basic::JToken) => vec![Self::enumerable(Self::Basic(Basic::JToken))],
            Self::Exception(name) => super::exception::base_of(name)
                .map(Self::Exception)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a reference conversion to `other` exists, apart from `object`.
    pub(crate) fn derives_from(&self, other: &Self) -> bool {
        self == other
            || self.bases().iter().any(|base| base.derives_from(other))
            || matches!(
                (self, other),
                (Self::Array(_), Self::Basic(Basic::ArrayClass))
            )
    }

    /// `T` if this is or implements `IEnumerable<T>`.
    pub(crate) fn element(&self) -> Option<Self> {
        match self {
            Self::Generic(Family::Enumerable, arguments) => arguments.first().cloned(),
            other => other.bases().iter().find_map(Self::element),
        }
    }
}

pub(super) fn join(types: &[Type], name: impl Fn(&Type) -> String) -> String {
    join_with(types, ", ", name)
}

pub(super) fn join_with(types: &[Type], separator: &str, name: impl Fn(&Type) -> String) -> String {
    types.iter().map(name).collect::<Vec<_>>().join(separator)
}

/// The type of a value; `None` for `null`.
pub(crate) fn type_of(value: &Value) -> Option<Type> {
    let basic = match value {
        Value::Null => return None,
        Value::Bool(_) => Basic::Bool,
        Value::Char(_) => Basic::Char,
        Value::SByte(_) => Basic::SByte,
        Value::Byte(_) => Basic::Byte,
        Value::Short(_) => Basic::Short,
        Value::UShort(_) => Basic::UShort,
        Value::Int(_) => Basic::Int,
        Value::UInt(_) => Basic::UInt,
        Value::Long(_) => Basic::Long,
        Value::ULong(_) => Basic::ULong,
        Value::Float(_) => Basic::Float,
        Value::Double(_) => Basic::Double,
        Value::Decimal(_) => Basic::Decimal,
        Value::Text(_) => Basic::String,
        Value::Guid(_) => Basic::Guid,
        Value::DateTime(_) => Basic::DateTime,
        Value::DateTimeOffset(_) => Basic::DateTimeOffset,
        Value::TimeSpan(_) => Basic::TimeSpan,
        Value::Enum(enumeration, _) => return Some(Type::Enumeration(*enumeration)),
        Value::Handle(handle) => Handle::basic(*handle),
        Value::Certificate(_) => Basic::Certificate,
        Value::Object(object) => return Some(Object::type_of(object)),
    };
    Some(Type::Basic(basic))
}

/// Whether `value is T`: exact for value types, by inheritance for the rest.
pub(crate) fn is_instance(value: &Value, target: &Type) -> bool {
    let Some(actual) = type_of(value) else {
        return false;
    };
    let target = target.unwrap_nullable();
    if *target == Type::OBJECT || actual == *target {
        return true;
    }
    if actual.is_value_type() {
        return false;
    }
    actual.derives_from(target) || covariant(&actual, target)
}

/// `List<string>` is an `IEnumerable<object>`; `string[]` is an `object[]`.
pub(crate) fn covariant(actual: &Type, target: &Type) -> bool {
    match (actual, target) {
        (Type::Array(from), Type::Array(to)) => {
            !from.is_value_type()
                && (**to == Type::OBJECT || from.derives_from(to) || covariant(from, to))
        }
        (_, Type::Generic(Family::Enumerable, arguments)) => {
            let (Some(from), Some(to)) = (actual.element(), arguments.first()) else {
                return false;
            };
            !from.is_value_type()
                && (*to == Type::OBJECT || from.derives_from(to) || covariant(&from, to))
        }
        _ => false,
    }
}
