using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Configuration;

/// <summary>Codes of the configuration errors that the console lists at startup (exit code 2).</summary>
[ReasonCodes("Configuration")]
internal static class ConfigurationErrorCodes
{
    [Description("A key in one of the console's sections is unknown.")]
    public const string UnknownKey = "config.unknown_key";

    [Description("A list has a value of its own instead of numbered entries.")]
    public const string NotAList = "config.not_a_list";

    [Description("The value is not a whole number.")]
    public const string NotANumber = "config.not_a_number";

    [Description("The number is below the minimum or above the maximum of the key.")]
    public const string OutOfRange = "config.out_of_range";

    [Description("The value is neither true nor false.")]
    public const string NotABoolean = "config.not_a_boolean";

    [Description("The key does not allow the value.")]
    public const string UnknownValue = "config.unknown_value";

    [Description("A key that the entry of a list requires is not set.")]
    public const string Missing = "config.missing";

    [Description("Two entries of a list have the same name or token.")]
    public const string Duplicate = "config.duplicate";

    [Description("Two mutually exclusive keys are set.")]
    public const string Conflict = "config.conflict";

    [Description("A key is set without a key that it depends on.")]
    public const string DependencyMissing = "config.dependency_missing";

    [Description("The name is too long, has invisible characters, or is reserved.")]
    public const string InvalidName = "config.invalid_name";

    [Description("The token has a wrong length or characters that are not allowed.")]
    public const string InvalidToken = "config.invalid_token";

    [Description("The address is not an http or https URL that the key allows.")]
    public const string InvalidUrl = "config.invalid_url";

    [Description("The text is not an SQLite connection string that names a file.")]
    public const string InvalidConnectionString = "config.invalid_connection_string";

    [Description("A finer resolution has a longer retention than the next coarser one.")]
    public const string RetentionOrder = "config.retention_order";

    [Description("The path is longer than the kernel accepts.")]
    public const string PathTooLong = "config.path_too_long";

    [Description("The directory of the path does not exist.")]
    public const string DirectoryMissing = "config.directory_missing";

    [Description("The path is a directory, but a file is required.")]
    public const string NotAFile = "config.not_a_file";

    [Description("The file does not exist.")]
    public const string FileMissing = "config.file_missing";

    [Description("The file exists but cannot be read.")]
    public const string FileUnreadable = "config.file_unreadable";

    [Description("The key file can be read or written by users other than its owner.")]
    public const string FileNotPrivate = "config.file_not_private";

    [Description("The key file is inside the data directory that it protects.")]
    public const string FileInDataDirectory = "config.file_in_data_directory";

    [Description("Two keys name the same file.")]
    public const string SameFile = "config.same_file";

    [Description("The key file contains no key.")]
    public const string FileEmpty = "config.file_empty";

    [Description("A key of the audit log is too short.")]
    public const string KeyTooShort = "config.key_too_short";
}
