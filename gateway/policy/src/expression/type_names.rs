//! The types expressions can name.

macro_rules! basics {
    ($($variant:ident $short:literal $full:literal $kind:ident,)*) => {
        /// Types without type arguments.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is the .NET or APIM type of its name")]
        #[allow(clippy::enum_variant_names, reason = "`BasicAuthCredentials` is such a name")]
        pub enum Basic { $($variant,)* }

        impl Basic {
            /// Every one with its short and full name.
            pub(crate) const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, $short, $full),)*];

            /// Short name as documents write it.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $short,)* }
            }

            /// Full .NET name.
            pub(crate) fn full_name(self) -> &'static str {
                match self { $(Self::$variant => $full,)* }
            }

            pub(super) fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }
        }
    };
}

/// How a basic type behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Struct,
    Class,
    Static,
}

basics! {
    Object "object" "System.Object" Class,
    Bool "bool" "System.Boolean" Struct,
    Char "char" "System.Char" Struct,
    SByte "sbyte" "System.SByte" Struct,
    Byte "byte" "System.Byte" Struct,
    Short "short" "System.Int16" Struct,
    UShort "ushort" "System.UInt16" Struct,
    Int "int" "System.Int32" Struct,
    UInt "uint" "System.UInt32" Struct,
    Long "long" "System.Int64" Struct,
    ULong "ulong" "System.UInt64" Struct,
    Float "float" "System.Single" Struct,
    Double "double" "System.Double" Struct,
    Decimal "decimal" "System.Decimal" Struct,
    String "string" "System.String" Class,
    Guid "Guid" "System.Guid" Struct,
    DateTime "DateTime" "System.DateTime" Struct,
    DateTimeOffset "DateTimeOffset" "System.DateTimeOffset" Struct,
    TimeSpan "TimeSpan" "System.TimeSpan" Struct,
    Random "Random" "System.Random" Class,
    StringBuilder "StringBuilder" "System.Text.StringBuilder" Class,
    Encoding "Encoding" "System.Text.Encoding" Class,
    StringComparer "StringComparer" "System.StringComparer" Class,
    HashAlgorithm "HashAlgorithm" "System.Security.Cryptography.HashAlgorithm" Class,
    Md5 "MD5" "System.Security.Cryptography.MD5" Class,
    Sha1 "SHA1" "System.Security.Cryptography.SHA1" Class,
    Sha1Managed "SHA1Managed" "System.Security.Cryptography.SHA1Managed" Class,
    Sha256 "SHA256" "System.Security.Cryptography.SHA256" Class,
    Sha256Managed "SHA256Managed" "System.Security.Cryptography.SHA256Managed" Class,
    Sha384 "SHA384" "System.Security.Cryptography.SHA384" Class,
    Sha384Managed "SHA384Managed" "System.Security.Cryptography.SHA384Managed" Class,
    Sha512 "SHA512" "System.Security.Cryptography.SHA512" Class,
    Sha512Managed "SHA512Managed" "System.Security.Cryptography.SHA512Managed" Class,
    KeyedHash "KeyedHashAlgorithm" "System.Security.Cryptography.KeyedHashAlgorithm" Class,
    Hmac "HMAC" "System.Security.Cryptography.HMAC" Class,
    HmacMd5 "HMACMD5" "System.Security.Cryptography.HMACMD5" Class,
    HmacSha1 "HMACSHA1" "System.Security.Cryptography.HMACSHA1" Class,
    HmacSha256 "HMACSHA256" "System.Security.Cryptography.HMACSHA256" Class,
    HmacSha384 "HMACSHA384" "System.Security.Cryptography.HMACSHA384" Class,
    HmacSha512 "HMACSHA512" "System.Security.Cryptography.HMACSHA512" Class,
    Certificate "X509Certificate2" "System.Security.Cryptography.X509Certificates.X509Certificate2" Class,
    BaseCertificate "X509Certificate" "System.Security.Cryptography.X509Certificates.X509Certificate" Class,
    DistinguishedName "X500DistinguishedName" "System.Security.Cryptography.X509Certificates.X500DistinguishedName" Class,
    Math "Math" "System.Math" Static,
    Convert "Convert" "System.Convert" Static,
    BitConverter "BitConverter" "System.BitConverter" Static,
    WebUtility "WebUtility" "System.Net.WebUtility" Static,
    Uri "Uri" "System.Uri" Class,
    Enumerable "Enumerable" "System.Linq.Enumerable" Static,
    ArrayClass "Array" "System.Array" Class,
    TupleClass "Tuple" "System.Tuple" Static,
    Context "IProxyRequestContext" "IProxyRequestContext" Class,
    Api "IApi" "IApi" Class,
    Operation "IOperation" "IOperation" Class,
    Subscription "ISubscription" "ISubscription" Class,
    Request "IRequest" "IRequest" Class,
    Response "IResponse" "IResponse" Class,
    Url "IUrl" "IUrl" Class,
    HeaderMap "IHeaders" "IHeaders" Class,
    QueryMap "IQuery" "IQuery" Class,
    ParameterMap "IMatchedParameters" "IMatchedParameters" Class,
    VariableMap "IVariables" "IVariables" Class,
    CertificateMap "ICertificates" "ICertificates" Class,
    IdentityLists "IIdentityLists" "IIdentityLists" Class,
    IdentityList "IIdentityList" "IIdentityList" Class,
    Deployment "IDeployment" "IDeployment" Class,
    Gateway "IGateway" "IGateway" Class,
    LastError "ILastError" "ILastError" Class,
    MessageBody "IMessageBody" "IMessageBody" Class,
    // Newtonsoft.Json.
    JsonConvert "JsonConvert" "Newtonsoft.Json.JsonConvert" Static,
    JToken "JToken" "Newtonsoft.Json.Linq.JToken" Class,
    JContainer "JContainer" "Newtonsoft.Json.Linq.JContainer" Class,
    JObject "JObject" "Newtonsoft.Json.Linq.JObject" Class,
    JArray "JArray" "Newtonsoft.Json.Linq.JArray" Class,
    JProperty "JProperty" "Newtonsoft.Json.Linq.JProperty" Class,
    JConstructor "JConstructor" "Newtonsoft.Json.Linq.JConstructor" Class,
    JValue "JValue" "Newtonsoft.Json.Linq.JValue" Class,
    JRaw "JRaw" "Newtonsoft.Json.Linq.JRaw" Class,
    JsonExtensions "Extensions" "Newtonsoft.Json.Linq.Extensions" Static,
    // System.Xml.Linq and what documents use of System.Xml.
    XObject "XObject" "System.Xml.Linq.XObject" Class,
    XNode "XNode" "System.Xml.Linq.XNode" Class,
    XContainer "XContainer" "System.Xml.Linq.XContainer" Class,
    XElement "XElement" "System.Xml.Linq.XElement" Class,
    XDocument "XDocument" "System.Xml.Linq.XDocument" Class,
    XAttribute "XAttribute" "System.Xml.Linq.XAttribute" Class,
    XText "XText" "System.Xml.Linq.XText" Class,
    XCData "XCData" "System.Xml.Linq.XCData" Class,
    XComment "XComment" "System.Xml.Linq.XComment" Class,
    XDeclaration "XDeclaration" "System.Xml.Linq.XDeclaration" Class,
    XDocumentType "XDocumentType" "System.Xml.Linq.XDocumentType" Class,
    XProcessingInstruction "XProcessingInstruction" "System.Xml.Linq.XProcessingInstruction" Class,
    XName "XName" "System.Xml.Linq.XName" Class,
    XNamespace "XNamespace" "System.Xml.Linq.XNamespace" Class,
    XNodeDocumentOrderComparer "XNodeDocumentOrderComparer" "System.Xml.Linq.XNodeDocumentOrderComparer" Class,
    XNodeEqualityComparer "XNodeEqualityComparer" "System.Xml.Linq.XNodeEqualityComparer" Class,
    XmlDocument "XmlDocument" "System.Xml.XmlDocument" Class,
    XmlNode "XmlNode" "System.Xml.XmlNode" Class,
    XmlReader "XmlReader" "System.Xml.XmlReader" Class,
    StringReader "StringReader" "System.IO.StringReader" Class,
    StringWriter "StringWriter" "System.IO.StringWriter" Class,
    // System.Text.RegularExpressions.
    Regex "Regex" "System.Text.RegularExpressions.Regex" Class,
    Match "Match" "System.Text.RegularExpressions.Match" Class,
    MatchCollection "MatchCollection" "System.Text.RegularExpressions.MatchCollection" Class,
    RegexGroup "Group" "System.Text.RegularExpressions.Group" Class,
    GroupCollection "GroupCollection" "System.Text.RegularExpressions.GroupCollection" Class,
    Capture "Capture" "System.Text.RegularExpressions.Capture" Class,
    CaptureCollection "CaptureCollection" "System.Text.RegularExpressions.CaptureCollection" Class,
    // Tokens and credentials.
    Jwt "Jwt" "Jwt" Class,
    ClaimMap "IClaims" "IClaims" Class,
    BasicAuthCredentials "BasicAuthCredentials" "BasicAuthCredentials" Class,
    Authorization "Authorization" "Authorization" Class,
    // Network names and time zones.
    IpAddress "IPAddress" "System.Net.IPAddress" Class,
    TimeZone "TimeZone" "System.TimeZone" Class,
    TimeZoneInfo "TimeZoneInfo" "System.TimeZoneInfo" Class,
    // Keys, ciphers and certificates.
    AsymmetricAlgorithm "AsymmetricAlgorithm" "System.Security.Cryptography.AsymmetricAlgorithm" Class,
    Rsa "RSA" "System.Security.Cryptography.RSA" Class,
    RsaEncryptionPadding "RSAEncryptionPadding" "System.Security.Cryptography.RSAEncryptionPadding" Class,
    RsaSignaturePadding "RSASignaturePadding" "System.Security.Cryptography.RSASignaturePadding" Class,
    HashAlgorithmName "HashAlgorithmName" "System.Security.Cryptography.HashAlgorithmName" Struct,
    RandomNumbers "RNGCryptoServiceProvider" "System.Security.Cryptography.RNGCryptoServiceProvider" Class,
    SymmetricAlgorithm "SymmetricAlgorithm" "System.Security.Cryptography.SymmetricAlgorithm" Class,
    Aes "Aes" "System.Security.Cryptography.Aes" Class,
    Oid "Oid" "System.Security.Cryptography.Oid" Class,
    RsaExtensions "RSACertificateExtensions" "System.Security.Cryptography.X509Certificates.RSACertificateExtensions" Static,
    PublicKey "PublicKey" "System.Security.Cryptography.X509Certificates.PublicKey" Class,
    // Parts of `context` that come with products, users and resolvers.
    User "IUser" "IUser" Class,
    Product "IProduct" "IProduct" Class,
    UserGroup "IGroup" "IGroup" Class,
    UserIdentity "IUserIdentity" "IUserIdentity" Class,
    Workspace "IWorkspace" "IWorkspace" Class,
    Backend "IBackend" "IBackend" Class,
    SubscriptionKeyParameterNames "ISubscriptionKeyParameterNames" "ISubscriptionKeyParameterNames" Class,
    PrivateEndpointConnection "IPrivateEndpointConnection" "IPrivateEndpointConnection" Class,
    Sustainability "ISustainabilityInfo" "ISustainabilityInfo" Class,
}

macro_rules! families {
    ($($variant:ident $name:literal $arity:literal,)*) => {
        /// Generic types, with the number of their arguments (the largest, for those that come in
        /// several).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is the .NET type of its name")]
        pub enum Family { $($variant,)* }

        impl Family {
            pub(crate) const ALL: &'static [(Self, &'static str, usize)] =
                &[$((Self::$variant, $name, $arity),)*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

families! {
    List "List" 1,
    Dictionary "Dictionary" 2,
    HashSet "HashSet" 1,
    Queue "Queue" 1,
    Stack "Stack" 1,
    Enumerable "IEnumerable" 1,
    OrderedEnumerable "IOrderedEnumerable" 1,
    Collection "ICollection" 1,
    IList "IList" 1,
    ISet "ISet" 1,
    IDictionary "IDictionary" 2,
    ReadOnlyCollection "IReadOnlyCollection" 1,
    ReadOnlyList "IReadOnlyList" 1,
    ReadOnlyDictionary "IReadOnlyDictionary" 2,
    Pair "KeyValuePair" 2,
    Grouping "IGrouping" 2,
    EqualityComparer "IEqualityComparer" 1,
    Tuple "Tuple" 7,
    ValueTuple "ValueTuple" 7,
    Func "Func" 9,
    Action "Action" 8,
    Predicate "Predicate" 1,
}

macro_rules! enumerations {
    ($($variant:ident $full:literal { $($member:ident = $value:literal,)* })*) => {
        /// Enumerations that expressions may name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is the .NET enumeration of its name")]
        pub enum Enumeration { $($variant,)* }

        impl Enumeration {
            pub(crate) const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, stringify!($variant), $full),)*];

            /// Full .NET name.
            pub(crate) fn full_name(self) -> &'static str {
                match self { $(Self::$variant => $full,)* }
            }

            /// Names and values.
            pub(crate) fn members(self) -> &'static [(&'static str, i32)] {
                match self { $(Self::$variant => &[$((stringify!($member), $value),)*],)* }
            }
        }
    };
}

enumerations! {
    StringComparison "System.StringComparison" {
        CurrentCulture = 0, CurrentCultureIgnoreCase = 1, InvariantCulture = 2,
        InvariantCultureIgnoreCase = 3, Ordinal = 4, OrdinalIgnoreCase = 5,
    }
    StringSplitOptions "System.StringSplitOptions" {
        None = 0, RemoveEmptyEntries = 1, TrimEntries = 2,
    }
    DateTimeKind "System.DateTimeKind" { Unspecified = 0, Utc = 1, Local = 2, }
    DayOfWeek "System.DayOfWeek" {
        Sunday = 0, Monday = 1, Tuesday = 2, Wednesday = 3, Thursday = 4, Friday = 5, Saturday = 6,
    }
    MidpointRounding "System.MidpointRounding" {
        ToEven = 0, AwayFromZero = 1, ToZero = 2, ToNegativeInfinity = 3, ToPositiveInfinity = 4,
    }
    RegexOptions "System.Text.RegularExpressions.RegexOptions" {
        None = 0, IgnoreCase = 1, Multiline = 2, ExplicitCapture = 4, Compiled = 8,
        Singleline = 16, IgnorePatternWhitespace = 32, RightToLeft = 64, ECMAScript = 256,
        CultureInvariant = 512, NonBacktracking = 1024,
    }
    UriKind "System.UriKind" { RelativeOrAbsolute = 0, Absolute = 1, Relative = 2, }
    UriPartial "System.UriPartial" { Scheme = 0, Authority = 1, Path = 2, Query = 3, }
    UriHostNameType "System.UriHostNameType" {
        Unknown = 0, Basic = 1, Dns = 2, IPv4 = 3, IPv6 = 4,
    }
    AddressFamily "System.Net.Sockets.AddressFamily" {
        Unspecified = 0, InterNetwork = 2, InterNetworkV6 = 23,
    }
    XmlNodeType "System.Xml.XmlNodeType" {
        None = 0, Element = 1, Attribute = 2, Text = 3, CDATA = 4, EntityReference = 5, Entity = 6,
        ProcessingInstruction = 7, Comment = 8, Document = 9, DocumentType = 10,
        DocumentFragment = 11, Notation = 12, Whitespace = 13, SignificantWhitespace = 14,
        EndElement = 15, EndEntity = 16, XmlDeclaration = 17,
    }
    SaveOptions "System.Xml.Linq.SaveOptions" {
        None = 0, DisableFormatting = 1, OmitDuplicateNamespaces = 2,
    }
    LoadOptions "System.Xml.Linq.LoadOptions" {
        None = 0, PreserveWhitespace = 1, SetBaseUri = 2, SetLineInfo = 4,
    }
    ProductState "ProductState" { NotPublished = 0, Published = 1, }
    Formatting "Newtonsoft.Json.Formatting" { None = 0, Indented = 1, }
    JTokenType "Newtonsoft.Json.Linq.JTokenType" {
        None = 0, Object = 1, Array = 2, Constructor = 3, Property = 4, Comment = 5, Integer = 6,
        Float = 7, String = 8, Boolean = 9, Null = 10, Undefined = 11, Date = 12, Raw = 13,
        Bytes = 14, Guid = 15, Uri = 16, TimeSpan = 17,
    }
    CipherMode "System.Security.Cryptography.CipherMode" {
        CBC = 1, ECB = 2, OFB = 3, CFB = 4, CTS = 5,
    }
    PaddingMode "System.Security.Cryptography.PaddingMode" {
        None = 1, PKCS7 = 2, Zeros = 3, ANSIX923 = 4, ISO10126 = 5,
    }
    X509ContentType "System.Security.Cryptography.X509Certificates.X509ContentType" {
        Unknown = 0, Cert = 1, SerializedCert = 2, Pfx = 3, Pkcs12 = 3, SerializedStore = 4,
        Pkcs7 = 5, Authenticode = 6,
    }
    X509NameType "System.Security.Cryptography.X509Certificates.X509NameType" {
        SimpleName = 0, EmailName = 1, UpnName = 2, DnsName = 3, DnsFromAlternativeName = 4,
        UrlName = 5,
    }
}

impl Enumeration {
    /// Short name.
    pub(crate) fn name(self) -> &'static str {
        let full = self.full_name();
        full.rsplit('.').next().unwrap_or(full)
    }
}

/// Types of APIM's allow-list (or of its own library) that this gateway does not run yet.
pub(crate) const NOT_YET: &[&str] = &[
    "Newtonsoft.Json.Linq.JConstructor",
    "System.IO.StringReader",
    "System.IO.StringWriter",
    "System.Enum",
    "System.TimeZoneInfo.AdjustmentRule",
    "System.TimeZoneInfo.TransitionTime",
    "System.Nullable",
    "System.Collections.Generic.IEnumerator",
    "System.Xml.XmlDocument",
    "System.Xml.XmlReader",
    "IGraphQLDataObject",
];

/// Exception classes that `catch` and `throw new` may name.
pub(crate) const EXCEPTIONS: &[&str] = {
    use super::exception::names::*;
    &[
        EXCEPTION,
        SYSTEM,
        ARGUMENT,
        ARGUMENT_NULL,
        ARGUMENT_RANGE,
        ARITHMETIC,
        DIVIDE_BY_ZERO,
        FORMAT,
        INDEX_RANGE,
        INVALID_CAST,
        INVALID_OPERATION,
        KEY_NOT_FOUND,
        NOT_SUPPORTED,
        NULL_REFERENCE,
        OVERFLOW,
        CRYPTOGRAPHIC,
        URI_FORMAT,
        ZONE_NOT_FOUND,
        JSON,
        JSON_READER,
        JSON_WRITER,
        JSON_SERIALIZATION,
        TIMEOUT,
        MATCH_TIMEOUT,
        REGEX_PARSE,
    ]
};
