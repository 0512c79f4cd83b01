namespace ConntrackConsole.Configuration;

/// <summary>What the user wrote, checked as a whole: see <see cref="SettingsReader"/>.</summary>
public sealed record ConsoleSettings(
    StorageSettings Storage, KubernetesSettings Kubernetes, CollectorSettings Collectors, IdentitySettings Identity)
{
    public ActionsSettings Actions { get; init; } = new();

    public AuditSettings Audit { get; init; } = AuditSettings.None;
}

/// <param name="DataDirectory">Full path.</param>
/// <param name="FrameHours">How long the collectors' frames are kept as they came.</param>
/// <param name="FrameMiB">How many of them, in MiB.</param>
public sealed record StorageSettings(string DataDirectory, string ConnectionString, int FrameHours = 24, int FrameMiB = 2048)
{
    public PastSettings Past { get; init; } = new();
}

/// <summary>How long the folded past is kept, the finer the shorter.</summary>
/// <param name="NodeHours">Single nodes, by the second.</param>
/// <param name="NodeTenSecondDays">Single nodes, by ten seconds.</param>
/// <param name="NodeMinuteDays">Single nodes, by the minute.</param>
/// <param name="SecondDays">Services, by the second.</param>
/// <param name="TenSecondDays">Services, by ten seconds.</param>
/// <param name="MinuteDays">Services, by the minute.</param>
/// <param name="RowDays">Terminations, rollouts, resets, syncs, gaps, settings.</param>
/// <param name="MaxMiB">Most that the database may hold; then the oldest of the finest goes first.</param>
public sealed record PastSettings(
    int NodeHours = 48, int NodeTenSecondDays = 7, int NodeMinuteDays = 28, int SecondDays = 7, int TenSecondDays = 28, int MinuteDays = 180, int RowDays = 90, int MaxMiB = 20_480);

/// <param name="Enabled">Null: as it is found (in-cluster or a kubeconfig), else no cluster.</param>
/// <param name="Context">Null: the kubeconfig's current-context.</param>
public sealed record KubernetesSettings(bool? Enabled, string? Kubeconfig, string? Context = null);

/// <param name="Token">Without one, collectors are served on the Unix socket only.</param>
/// <param name="Socket">Full path of the Unix socket for collectors of this machine.</param>
public sealed record CollectorSettings(string? Token, string? Socket);

/// <param name="ReadOnly">Nothing can be changed from this console.</param>
/// <param name="PerUser">Most actions of one person in ten minutes.</param>
/// <param name="PerNode">Most on one node.</param>
/// <param name="PerCluster">Most at all.</param>
/// <param name="CanarySeconds">How long the first node of a setting is watched before the others follow.</param>
public sealed record ActionsSettings(bool ReadOnly = false, int PerUser = 10, int PerNode = 20, int PerCluster = 30, int CanarySeconds = 5)
{
    public IReadOnlyList<PolicySettings> Policy { get; init; } = [];
}

/// <summary>A rule that asks for more than the guards do, as it is written; a null matches everything.</summary>
/// <param name="Action">flush, or a setting's name.</param>
/// <param name="Preset">safe, dead-backend or all.</param>
/// <param name="Namespace">Of the address's owner.</param>
/// <param name="MoreThan">Only above so many entries, or nodes.</param>
/// <param name="Require">confirmation, approval or refuse.</param>
public sealed record PolicySettings(string? Action, string? Preset, string? Namespace, int? MoreThan, string Require);

/// <param name="Links">At least one; names and tokens differ.</param>
public sealed record IdentitySettings(IReadOnlyList<LinkSettings> Links);

/// <summary>One sign-in link: for whom, and what that person is to the console.</summary>
/// <param name="Role">One of <see cref="Roles"/>.</param>
/// <param name="Token">Null: made at the start and printed in the log.</param>
public sealed record LinkSettings(string Name, string Role, string? Token)
{
    /// <summary>Who the one link is for where none is configured.</summary>
    public const string UsualName = "operator (link)";

    public const string UsualRole = "operator";

    public static readonly IReadOnlyList<string> Roles = ["viewer", "operator", "approver", "admin", "break-glass"];
}
