using System.ComponentModel;

namespace ConntrackConsole.Wire;

/// <summary>Codes that a command prints behind its message on standard error, beside those of guards and nodes.</summary>
[ReasonCodes("Command line")]
internal static class CommandLineReasons
{
    /// <summary>The arguments are not valid (exit code 2).</summary>
    [Description("The arguments are not valid (exit code 2).")]
    public const string Usage = "cli.usage";

    /// <summary>Without a console the owner of the address is unknown: more than the safe preset requires --break-glass and --reason.</summary>
    [Description("Without a console the owner of the address is unknown: more than the safe preset requires --break-glass and --reason.")]
    public const string BreakGlassRequired = "cli.break_glass_required";

    /// <summary>The program may not read the conntrack table: it needs root or CAP_NET_ADMIN (exit code 2).</summary>
    [Description("The program may not read the conntrack table: it needs root or CAP_NET_ADMIN (exit code 2).")]
    public const string NoPermission = "cli.no_permission";

    /// <summary>TCP resets cannot be observed on this node.</summary>
    [Description("TCP resets cannot be observed on this node.")]
    public const string ResetsUnavailable = "cli.resets_unavailable";

    /// <summary>A file or a stream cannot be read or written.</summary>
    [Description("A file or a stream cannot be read or written.")]
    public const string IoFailed = "cli.io_failed";

    /// <summary>The state directory cannot be used (exit code 2).</summary>
    [Description("The state directory cannot be used (exit code 2).")]
    public const string StateUnusable = "cli.state_unusable";

    /// <summary>The kernel does not report conntrack events to this program (exit code 2).</summary>
    [Description("The kernel does not report conntrack events to this program (exit code 2).")]
    public const string EventsUnavailable = "cli.events_unavailable";

    /// <summary>The secret in the environment is not a node secret (exit code 2).</summary>
    [Description("The secret in the environment is not a node secret (exit code 2).")]
    public const string InvalidNodeSecret = "cli.invalid_node_secret";

    /// <summary>The console requires a secret, or rejects the one of this collector; the collector tries again.</summary>
    [Description("The console requires a secret, or rejects the one of this collector; the collector tries again.")]
    public const string SecretRejected = "cli.secret_rejected";

    /// <summary>The file with the token cannot be read, or contains none; the collector tries again.</summary>
    [Description("The file with the token cannot be read, or contains none; the collector tries again.")]
    public const string TokenFileUnusable = "cli.token_file_unusable";

    /// <summary>The file of the console's certificate authority cannot be read, or has no certificate (exit code 2).</summary>
    [Description("The file of the console's certificate authority cannot be read, or has no certificate (exit code 2).")]
    public const string AuthorityUnusable = "cli.authority_unusable";

    /// <summary>The console refused this collector and gave no code, because it is of an earlier version (exit code 2).</summary>
    [Description("The console refused this collector and gave no code, because it is of an earlier version (exit code 2).")]
    public const string ConsoleRefused = "cli.console_refused";
}
