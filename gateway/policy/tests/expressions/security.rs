//! Keys, ciphers and certificates, over a world whose cryptography computes nothing: what is asked
//! for, in which words, and what is refused. What is right is tested where a real library is.

use gateway_policy::expression::{Budget, BudgetLimits, Expected};
use gateway_policy::problem::Severity;

use crate::{Case, check, evaluate, expression, found, request, support};

const RSA: &str = "Microsoft Learn, System.Security.Cryptography.RSA";
const NAME: &str = "Microsoft Learn, HashAlgorithmName";
const PADDING: &str = "Microsoft Learn, RSASignaturePadding and RSAEncryptionPadding";
const SYMMETRIC: &str = "Microsoft Learn, SymmetricAlgorithm";
const BYTES: &str = "policy-language.md appendix B, byte[].Encrypt and Decrypt";
const HASH: &str = "Microsoft Learn, HashAlgorithm";
const CERTIFICATE: &str = "Microsoft Learn, X509Certificate2";
const PRIVATE: &str = "the rule: private keys never become values that expressions can read";

macro_rules! uploaded {
    ($rest:literal) => {
        concat!(
            "@{ var c = context.Deployment.Certificates[\"ABABABABABABABABABABABABABABABABABABABAB\"];",
            $rest,
            " }"
        )
    };
}

/// Evaluates over a world where the partner's certificate was uploaded, with its key or without.
fn with_upload(code: &str, has_private_key: bool) -> String {
    let mut world = support::World::default();
    let mut certificate = support::partner();
    certificate.has_private_key = has_private_key;
    world
        .certificates
        .insert("partner".to_owned(), certificate.into());
    expression(code)
        .evaluate(&mut request(), &world, &mut Budget::default())
        .and_then(|value| value.to_text())
        .unwrap_or_else(|e| format!("!{}: {}", e.type_name, e.message))
}

#[test]
fn a_client_assertion_is_signed_with_an_uploaded_key_as_documents_do_it() {
    let code = uploaded!(
        "using (var rsa = c.GetRSAPrivateKey()) {
            var data = Encoding.UTF8.GetBytes(\"header.payload\");
            var s = rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return Encoding.UTF8.GetString(s).Substring(0, 20)
                + rsa.VerifyData(data, s, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                + rsa.VerifyData(data, s, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1)
                + rsa.VerifyData(data, s, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        }"
    );
    assert_eq!(
        with_upload(code, true),
        "signed:Pkcs1:Sha256:TrueFalseFalse"
    );
}

#[test]
fn a_certificate_without_its_key_gives_no_private_key_and_signs_nothing() {
    let absent = uploaded!("return c.GetRSAPrivateKey() == null;");
    assert_eq!(with_upload(absent, false), "True");
    assert_eq!(with_upload(absent, true), "False");
    let signs = uploaded!(
        "return c.GetRSAPublicKey().SignHash(new byte[32], HashAlgorithmName.SHA256, \
         RSASignaturePadding.Pss).Length;"
    );
    assert_eq!(
        with_upload(signs, true),
        "!System.Security.Cryptography.CryptographicException: there is no private key"
    );
    assert_eq!(
        evaluate("@(context.Request.Certificate.GetRSAPrivateKey() == null)").unwrap(),
        "True"
    );
}

#[test]
fn private_keys_cannot_be_exported() {
    let cases = [
        uploaded!("return c.GetRSAPrivateKey().ToXmlString(true);"),
        uploaded!("return c.Export(X509ContentType.Pfx).Length;"),
        uploaded!("return c.Export(X509ContentType.Pkcs12, \"x\").Length;"),
    ];
    for code in cases {
        let said = with_upload(code, true);
        assert!(
            said.starts_with("!System.Security.Cryptography.CryptographicException"),
            "{code}: {said} ({PRIVATE})"
        );
    }
    for member in [
        "ExportParameters(true)",
        "ExportPkcs8PrivateKey()",
        "ExportRSAPrivateKey()",
    ] {
        let code = format!(
            "@{{ return context.Request.Certificate.GetRSAPrivateKey().{member}.ToString(); }}"
        );
        let problems = found(&code, Expected::Any, Severity::Error);
        assert_eq!(problems.len(), 1, "{code}: {problems:?}");
    }
}

#[test]
fn names_and_paddings_print_and_compare_as_in_dotnet() {
    const CASES: &[Case] = &[
        ("@(HashAlgorithmName.SHA512.Name)", "SHA512", NAME),
        ("@(HashAlgorithmName.MD5.ToString())", "MD5", NAME),
        (
            "@(new HashAlgorithmName(\"SHA256\") == HashAlgorithmName.SHA256)",
            "True",
            NAME,
        ),
        (
            "@(HashAlgorithmName.SHA1 != HashAlgorithmName.SHA256)",
            "True",
            NAME,
        ),
        (
            "@(HashAlgorithmName.FromOid(\"2.16.840.1.101.3.4.2.1\").Name)",
            "SHA256",
            NAME,
        ),
        ("@(RSASignaturePadding.Pss.ToString())", "Pss", PADDING),
        (
            "@(RSASignaturePadding.Pss == RSASignaturePadding.Pss)",
            "True",
            PADDING,
        ),
        (
            "@(RSASignaturePadding.Pss.Equals(RSASignaturePadding.Pkcs1))",
            "False",
            PADDING,
        ),
        (
            "@(RSAEncryptionPadding.OaepSHA256.ToString())",
            "OaepSHA256",
            PADDING,
        ),
        (
            "@(RSAEncryptionPadding.CreateOaep(HashAlgorithmName.SHA1) == RSAEncryptionPadding.OaepSHA1)",
            "True",
            PADDING,
        ),
        (
            "@(new Oid(\"1.2.840.113549.1.1.11\").FriendlyName)",
            "sha256RSA",
            "Microsoft Learn, Oid.FriendlyName",
        ),
    ];
    check(CASES);
}

#[test]
fn keys_are_imported_and_used() {
    const CASES: &[Case] = &[
        (
            "@{ var r = RSA.Create(); r.FromXmlString(\"<RSAKeyValue><Modulus>qg==</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>\"); return r.KeySize; }",
            "2048",
            RSA,
        ),
        (
            "@{ var r = RSA.Create(); r.ImportFromPem(\"-----BEGIN PRIVATE KEY-----\\nAAECAw==\\n-----END PRIVATE KEY-----\\n\"); return r.SignHash(new byte[32], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).Length; }",
            "52",
            RSA,
        ),
        (
            "@{ int n; var r = RSA.Create(); r.ImportSubjectPublicKeyInfo(new byte[] { 1, 2, 3 }, out n); return n + \" \" + r.ExportSubjectPublicKeyInfo().Length; }",
            "3 3",
            RSA,
        ),
        (
            "@{ var r = RSA.Create(); r.ImportPkcs8PrivateKey(new byte[] { 1 }, out _); var e = r.Encrypt(new byte[] { 7, 8 }, RSAEncryptionPadding.OaepSHA256); return r.Decrypt(e, RSAEncryptionPadding.OaepSHA256)[1]; }",
            "8",
            RSA,
        ),
        (
            "@{ var r = RSA.Create(2048); return r.SignData(new byte[1], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).Length; }",
            "!System.Security.Cryptography.CryptographicException: No key has been imported, and this gateway does not generate RSA keys for policies.",
            "the rule: no worker is held up by making keys",
        ),
        (
            "@{ var r = RSA.Create(); r.ImportFromPem(\"nothing\"); return 1; }",
            "!System.ArgumentException: No supported key formats were found. Check that the input represents the contents of a PEM-encoded key file, not the path to such a file. (Parameter 'input')",
            "Microsoft Learn, RSA.ImportFromPem",
        ),
        (
            "@{ var r = RSA.Create(); r.ImportRSAPublicKey(new byte[1], out _); return r.VerifyHash(new byte[32], new byte[0], new HashAlgorithmName(\"SHA3\"), RSASignaturePadding.Pkcs1); }",
            "!System.Security.Cryptography.CryptographicException: 'SHA3' is not a known hash algorithm.",
            RSA,
        ),
        (
            "@{ var r = RSA.Create(); r.ImportRSAPublicKey(new byte[1], out _); return r.VerifyData(new byte[3], 2, 2, new byte[0], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1); }",
            "!System.ArgumentOutOfRangeException: Specified argument was out of the range of valid values. (Parameter 'count')",
            RSA,
        ),
    ];
    check(CASES);
}

#[test]
fn bytes_are_encrypted_as_apim_does_and_come_back() {
    const CASES: &[Case] = &[
        (
            "@{ var k = new byte[32]; var iv = new byte[16]; var e = Encoding.UTF8.GetBytes(\"cookie\").Encrypt(\"Aes\", k, iv); return Encoding.UTF8.GetString(e) + Encoding.UTF8.GetString(e.Decrypt(\"AesManaged\", k, iv)); }",
            "sealed:Aes:Cbc:Pkcs7:256:128:cookiecookie",
            BYTES,
        ),
        (
            "@{ var aes = Aes.Create(); aes.Mode = CipherMode.ECB; aes.Padding = PaddingMode.Zeros; aes.Key = new byte[16]; return Encoding.UTF8.GetString(new byte[] { 65 }.Encrypt(aes)); }",
            "sealed:Aes:Ecb:Zeros:128:128:A",
            BYTES,
        ),
        (
            "@{ var a = SymmetricAlgorithm.Create(\"TripleDES\"); return Encoding.UTF8.GetString(new byte[] { 65 }.Encrypt(a, new byte[24], new byte[8])); }",
            "sealed:TripleDes:Cbc:Pkcs7:192:64:A",
            BYTES,
        ),
        (
            "@(new byte[1].Encrypt(\"Aes\", new byte[15], new byte[16]).Length)",
            "!System.ArgumentException: Specified key is not a valid size for this algorithm. (Parameter 'rgbKey')",
            SYMMETRIC,
        ),
        (
            "@(new byte[1].Encrypt(\"Aes\", new byte[16], new byte[12]).Length)",
            "!System.ArgumentException: Specified initialization vector (IV) does not match the block size for this algorithm. (Parameter 'rgbIV')",
            SYMMETRIC,
        ),
        (
            "@(new byte[1].Encrypt(\"RC2\", new byte[16], new byte[8]).Length)",
            "!System.NotSupportedException: The cipher RC2 is broken and not supported by this gateway.",
            BYTES,
        ),
        (
            "@(SymmetricAlgorithm.Create(\"Enigma\") == null)",
            "True",
            SYMMETRIC,
        ),
        (
            "@(new byte[5].Decrypt(\"Aes\", new byte[16], new byte[16]).Length)",
            "!System.Security.Cryptography.CryptographicException: Padding is invalid and cannot be removed.",
            SYMMETRIC,
        ),
    ];
    check(CASES);
}

#[test]
fn properties_of_ciphers_have_the_defaults_and_checks_of_dotnet() {
    const CASES: &[Case] = &[
        (
            "@{ var a = Aes.Create(); return a.KeySize + \" \" + a.BlockSize + \" \" + a.Mode + \" \" + a.Padding + \" \" + a.FeedbackSize; }",
            "256 128 CBC PKCS7 8",
            SYMMETRIC,
        ),
        (
            "@{ var a = Aes.Create(); a.KeySize = 128; return a.Key.Length + \" \" + a.IV.Length; }",
            "16 16",
            SYMMETRIC,
        ),
        (
            "@{ var a = Aes.Create(); a.KeySize = 64; return 1; }",
            "!System.Security.Cryptography.CryptographicException: Specified key size is not valid for this algorithm.",
            SYMMETRIC,
        ),
        (
            "@{ var a = Aes.Create(); a.IV = new byte[8]; return 1; }",
            "!System.Security.Cryptography.CryptographicException: Specified initialization vector (IV) does not match the block size for this algorithm.",
            SYMMETRIC,
        ),
        (
            "@{ var a = Aes.Create(); a.Mode = CipherMode.CTS; return 1; }",
            "!System.Security.Cryptography.CryptographicException: Specified cipher mode is not valid for this algorithm.",
            SYMMETRIC,
        ),
        (
            "@{ var a = Aes.Create(); a.Key = new byte[16]; return Encoding.UTF8.GetString(a.EncryptCbc(new byte[] { 66 }, new byte[16])); }",
            "sealed:Aes:Cbc:Pkcs7:128:128:B",
            SYMMETRIC,
        ),
    ];
    check(CASES);
}

#[test]
fn hash_functions_keep_state_have_names_and_parts() {
    const CASES: &[Case] = &[
        (
            "@(HashAlgorithm.Create(\"SHA384\").ComputeHash(new byte[3]).Length)",
            "48",
            HASH,
        ),
        ("@(HashAlgorithm.Create(\"nothing\") == null)", "True", HASH),
        (
            "@(HMAC.Create(\"HMACSHA512\").ComputeHash(new byte[3]).Length)",
            "64",
            HASH,
        ),
        (
            "@(SHA256.Create().ComputeHash(new byte[9], 2, 5)[0])",
            "5",
            HASH,
        ),
        (
            "@(SHA256.Create().ComputeHash(new byte[9], 5, 5)[0])",
            "!System.ArgumentException: Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
            HASH,
        ),
        (
            "@{ var h = SHA1.Create(); h.TransformBlock(new byte[4], 0, 4, null, 0); h.TransformFinalBlock(new byte[3], 0, 3); return h.Hash[0]; }",
            "7",
            HASH,
        ),
        (
            "@(new HMACSHA512().Key.Length)",
            "128",
            "Microsoft Learn, HMACSHA512(): a 128-byte random key",
        ),
        (
            "@(new HMACSHA256().Key.Length)",
            "64",
            "Microsoft Learn, HMACSHA256(): a 64-byte random key",
        ),
        (
            "@{ var h = new HMACSHA1(new byte[2]); h.Key = new byte[5]; return h.Key.Length + h.HashName; }",
            "5SHA1",
            "Microsoft Learn, KeyedHashAlgorithm.Key and HMAC.HashName",
        ),
        (
            "@{ var b = new byte[4]; new RNGCryptoServiceProvider().GetBytes(b); return b[0] + b[3]; }",
            "14",
            "Microsoft Learn, RNGCryptoServiceProvider.GetBytes; the world's random bytes are 7",
        ),
    ];
    check(CASES);
}

#[test]
fn certificates_tell_their_keys() {
    const CASES: &[Case] = &[
        (
            "@(context.Request.Certificate.PublicKey.Oid.Value)",
            "1.2.840.113549.1.1.1",
            CERTIFICATE,
        ),
        (
            "@(context.Request.Certificate.SignatureAlgorithm.FriendlyName)",
            "sha256RSA",
            CERTIFICATE,
        ),
        (
            "@(context.Request.Certificate.GetPublicKeyString())",
            "3000",
            CERTIFICATE,
        ),
        (
            "@(context.Request.Certificate.GetKeyAlgorithmParametersString())",
            "0500",
            CERTIFICATE,
        ),
        (
            "@(context.Request.Certificate.GetCertHash(HashAlgorithmName.SHA256).Length)",
            "32",
            CERTIFICATE,
        ),
        (
            "@(context.Request.Certificate.Export(X509ContentType.Cert)[0])",
            "171",
            CERTIFICATE,
        ),
        (
            "@(RSACertificateExtensions.GetRSAPublicKey(context.Request.Certificate).KeySize)",
            "2048",
            "Microsoft Learn, RSACertificateExtensions",
        ),
        (
            "@{ X509Certificate c = context.Request.Certificate; return c.GetCertHashString(); }",
            "ABABABABABABABABABABABABABABABABABABABAB",
            "Microsoft Learn, X509Certificate",
        ),
        (
            "@(context.Request.Certificate.GetIssuerName() + \" \" + context.Request.Certificate.Issuer)",
            "O=Example, CN=My Trusted CA CN=My Trusted CA, O=Example",
            "Microsoft Learn, X509Certificate.GetIssuerName; X500DistinguishedNameFlags.None",
        ),
        (
            "@(new X509Certificate2(context.Request.Certificate).Equals(context.Request.Certificate))",
            "True",
            CERTIFICATE,
        ),
        (
            "@(new X509Certificate2(new byte[3]).Subject)",
            "!System.Security.Cryptography.CryptographicException: Cannot find the requested object.",
            CERTIFICATE,
        ),
    ];
    check(CASES);
}

#[test]
fn only_bytes_are_encrypted() {
    let problems = found(
        "@(new int[1].Encrypt(\"Aes\", new byte[16], new byte[16]).Length)",
        Expected::Any,
        Severity::Error,
    );
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("Encrypt"), "{problems:?}");
}

#[test]
fn signing_in_a_loop_ends_with_the_budget() {
    let code = expression(
        "@{ var r = RSA.Create(); r.ImportPkcs8PrivateKey(new byte[] { 1 }, out _);
            while (true) { r.SignHash(new byte[32], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1); } }",
    );
    let mut budget = Budget::new(BudgetLimits::default());
    let world = support::World::default();
    let error = code
        .evaluate(&mut request(), &world, &mut budget)
        .unwrap_err();
    assert!(error.is_budget(), "{error:?}");
}
