//! Time zones.

use gateway_policy::expression::Expected;
use gateway_policy::problem::Severity;

use crate::{Case, check, found};

const FIND: &str = ".NET documentation, TimeZoneInfo.FindSystemTimeZoneById";
const CONVERT: &str = ".NET documentation, TimeZoneInfo.ConvertTime";
const FROM_UTC: &str = ".NET documentation, TimeZoneInfo.ConvertTimeFromUtc";
const TO_UTC: &str = ".NET documentation, TimeZoneInfo.ConvertTimeToUtc";
const RULES: &str = "IANA time zone database";
const WINDOWS: &str = "Unicode CLDR, windowsZones";
const LOCAL: &str = "policy-language.md: the gateway's own zone is UTC";

#[test]
fn zones_are_found_by_iana_and_windows_names() {
    const CASES: &[Case] = &[
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\").Id)",
            "Europe/Berlin",
            FIND,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Eastern Standard Time\").Id)",
            "Eastern Standard Time",
            FIND,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"UTC\").Id)",
            "UTC",
            FIND,
        ),
        (
            "@(TimeZoneInfo.Utc.Id + TimeZoneInfo.Local.Id)",
            "UTCUTC",
            LOCAL,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Mars/Base\"))",
            "!System.TimeZoneNotFoundException: The time zone ID 'Mars/Base' was not found on the local computer.",
            FIND,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(null))",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'id')",
            FIND,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"India Standard Time\").BaseUtcOffset)",
            "05:30:00",
            WINDOWS,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"W. Europe Standard Time\").BaseUtcOffset)",
            "01:00:00",
            WINDOWS,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Pacific Standard Time\").BaseUtcOffset)",
            "-08:00:00",
            WINDOWS,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"GMT Standard Time\").BaseUtcOffset)",
            "00:00:00",
            WINDOWS,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Tokyo\").SupportsDaylightSavingTime)",
            "False",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Paris\").SupportsDaylightSavingTime)",
            "True",
            RULES,
        ),
        (
            "@(TimeZoneInfo.Utc.DisplayName)",
            "(UTC) Coordinated Universal Time",
            ".NET documentation, TimeZoneInfo.Utc",
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"europe/berlin\").Equals(TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\")))",
            "True",
            FIND,
        ),
    ];
    check(CASES);
}

#[test]
fn times_are_converted_by_the_rules_of_the_day() {
    const CASES: &[Case] = &[
        (
            "@(TimeZoneInfo.ConvertTimeFromUtc(new DateTime(2024, 7, 1, 12, 0, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\")).ToString(\"s\"))",
            "2024-07-01T14:00:00",
            FROM_UTC,
        ),
        (
            "@(TimeZoneInfo.ConvertTimeFromUtc(new DateTime(2024, 1, 1, 12, 0, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\")).ToString(\"s\"))",
            "2024-01-01T13:00:00",
            FROM_UTC,
        ),
        (
            "@(TimeZoneInfo.ConvertTimeFromUtc(new DateTime(2024, 1, 1), TimeZoneInfo.FindSystemTimeZoneById(\"Central Standard Time\")).Kind)",
            "Unspecified",
            "ConvertTimeFromUtc, its table of kinds",
        ),
        (
            "@(TimeZoneInfo.ConvertTimeFromUtc(new DateTime(2024, 1, 1), TimeZoneInfo.Utc).Kind)",
            "Utc",
            "ConvertTimeFromUtc, its table of kinds",
        ),
        (
            "@(TimeZoneInfo.ConvertTimeFromUtc(DateTime.Now, TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Tokyo\")))",
            "!System.ArgumentException: The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly. For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local. (Parameter 'sourceTimeZone')",
            "ConvertTimeFromUtc, exceptions",
        ),
        (
            "@(TimeZoneInfo.ConvertTimeToUtc(new DateTime(2024, 7, 1, 14, 0, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\")).ToString(\"o\"))",
            "2024-07-01T12:00:00.0000000Z",
            TO_UTC,
        ),
        (
            "@(TimeZoneInfo.ConvertTimeToUtc(new DateTime(2024, 7, 1)).ToString(\"o\"))",
            "2024-07-01T00:00:00.0000000Z",
            LOCAL,
        ),
        (
            "@(TimeZoneInfo.ConvertTimeToUtc(DateTime.UtcNow, TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Tokyo\")).Year > 0)",
            "!System.ArgumentException: The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly. For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local. (Parameter 'sourceTimeZone')",
            "ConvertTimeToUtc, exceptions",
        ),
        (
            "@(TimeZoneInfo.ConvertTimeToUtc(new DateTime(2024, 3, 31, 2, 30, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\")))",
            "!System.ArgumentException: The supplied DateTime represents an invalid time. For example, when the clock is adjusted forward, any time in the period that is skipped is invalid. (Parameter 'dateTime')",
            "ConvertTimeToUtc, exceptions",
        ),
        (
            "@(TimeZoneInfo.ConvertTimeToUtc(new DateTime(2024, 10, 27, 2, 30, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\")).ToString(\"s\"))",
            "2024-10-27T01:30:00",
            "ConvertTimeToUtc, remarks: an ambiguous time is standard time",
        ),
        (
            "@(TimeZoneInfo.ConvertTime(new DateTime(2024, 7, 1, 9, 0, 0), TimeZoneInfo.FindSystemTimeZoneById(\"America/New_York\"), TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Tokyo\")).ToString(\"s\"))",
            "2024-07-01T22:00:00",
            CONVERT,
        ),
        (
            "@(TimeZoneInfo.ConvertTime(new DateTime(2024, 7, 1, 9, 0, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Kolkata\")).ToString(\"s\"))",
            "2024-07-01T14:30:00",
            CONVERT,
        ),
        (
            "@(TimeZoneInfo.ConvertTime(new DateTimeOffset(2024, 7, 1, 9, 0, 0, TimeSpan.Zero), TimeZoneInfo.FindSystemTimeZoneById(\"Pacific Standard Time\")).ToString(\"o\"))",
            "2024-07-01T02:00:00.0000000-07:00",
            CONVERT,
        ),
        (
            "@(TimeZoneInfo.ConvertTimeBySystemTimeZoneId(new DateTime(2024, 1, 1, 12, 0, 0), \"UTC\", \"Tokyo Standard Time\").ToString(\"s\"))",
            "2024-01-01T21:00:00",
            ".NET documentation, ConvertTimeBySystemTimeZoneId",
        ),
        (
            "@(TimeZoneInfo.ConvertTimeBySystemTimeZoneId(DateTime.UtcNow, \"Nowhere\").Year)",
            "!System.TimeZoneNotFoundException: The time zone ID 'Nowhere' was not found on the local computer.",
            ".NET documentation, ConvertTimeBySystemTimeZoneId",
        ),
        (
            "@(TimeZoneInfo.ConvertTimeBySystemTimeZoneId(new DateTimeOffset(2024, 7, 1, 9, 0, 0, TimeSpan.Zero), \"AUS Eastern Standard Time\").ToString(\"o\"))",
            "2024-07-01T19:00:00.0000000+10:00",
            WINDOWS,
        ),
    ];
    check(CASES);
}

#[test]
fn offsets_and_daylight_saving_are_those_of_the_database() {
    const CASES: &[Case] = &[
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"America/New_York\").GetUtcOffset(new DateTime(2024, 7, 4)))",
            "-04:00:00",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"America/New_York\").GetUtcOffset(new DateTime(2024, 1, 4)))",
            "-05:00:00",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Kathmandu\").GetUtcOffset(DateTimeOffset.UtcNow))",
            "05:45:00",
            RULES,
        ),
        (
            "@(TimeZoneInfo.Local.GetUtcOffset(DateTime.Now))",
            "00:00:00",
            LOCAL,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"America/New_York\").IsDaylightSavingTime(new DateTime(2024, 7, 4)))",
            "True",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"America/New_York\").IsDaylightSavingTime(new DateTime(2024, 1, 4)))",
            "False",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Australia/Sydney\").IsDaylightSavingTime(new DateTime(2024, 1, 4)))",
            "True",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Dublin\").IsDaylightSavingTime(new DateTime(2024, 7, 4)))",
            "True",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Asia/Tokyo\").IsDaylightSavingTime(new DateTime(2024, 7, 4)))",
            "False",
            RULES,
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\").IsInvalidTime(new DateTime(2024, 3, 31, 2, 30, 0)))",
            "True",
            ".NET documentation, TimeZoneInfo.IsInvalidTime",
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\").IsAmbiguousTime(new DateTime(2024, 10, 27, 2, 30, 0)))",
            "True",
            ".NET documentation, TimeZoneInfo.IsAmbiguousTime",
        ),
        (
            "@(TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\").IsAmbiguousTime(new DateTime(2024, 10, 27, 3, 30, 0)))",
            "False",
            ".NET documentation, TimeZoneInfo.IsAmbiguousTime",
        ),
        (
            "@(TimeZone.CurrentTimeZone.GetUtcOffset(DateTime.Now))",
            "00:00:00",
            LOCAL,
        ),
        (
            "@(TimeZone.CurrentTimeZone.ToLocalTime(new DateTime(2024, 1, 1)).Kind)",
            "Local",
            ".NET documentation, TimeZone.ToLocalTime",
        ),
    ];
    check(CASES);
}

#[test]
fn rules_of_zones_as_objects_are_refused_by_name() {
    for (code, expected) in [
        (
            "@(TimeZoneInfo.Utc.GetAdjustmentRules().Length)",
            "1:20 NotSupported `GetAdjustmentRules` is not supported yet.",
        ),
        (
            "@(TimeZoneInfo.Utc.StandardName)",
            "1:20 NotSupported `StandardName` is not supported yet.",
        ),
    ] {
        assert_eq!(found(code, Expected::Any, Severity::Error), [expected]);
    }
}
