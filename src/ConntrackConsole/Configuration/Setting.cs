namespace ConntrackConsole.Configuration;

/// <summary>One key that a user may set: the table from which help, command line and checks are made.</summary>
public sealed record Setting(string Key, string Meaning)
{
    public const string DataDirectory = "Storage:DataDirectory";
    public const string ConnectionString = "Storage:ConnectionString";
    public const string FrameHours = "Storage:FrameHours";
    public const string FrameMiB = "Storage:FrameMiB";
    public const string NodeHours = "Storage:NodeHours";
    public const string NodeTenSecondDays = "Storage:NodeTenSecondDays";
    public const string NodeMinuteDays = "Storage:NodeMinuteDays";
    public const string SecondDays = "Storage:SecondDays";
    public const string TenSecondDays = "Storage:TenSecondDays";
    public const string MinuteDays = "Storage:MinuteDays";
    public const string RowDays = "Storage:RowDays";
    public const string MaxMiB = "Storage:MaxMiB";
    public const string KubernetesEnabled = "Kubernetes:Enabled";
    public const string Kubeconfig = "Kubernetes:Kubeconfig";
    public const string KubernetesContext = "Kubernetes:Context";
    public const string CollectorToken = "Collectors:Token";
    public const string CollectorSocket = "Collectors:Socket";
    public const string SignInToken = "Identity:SignInToken";
    public const string ActionsReadOnly = "Actions:ReadOnly";
    public const string ActionsPerUser = "Actions:PerUser";
    public const string ActionsPerNode = "Actions:PerNode";
    public const string ActionsPerCluster = "Actions:PerCluster";
    public const string ActionsCanarySeconds = "Actions:CanarySeconds";
    public const string ActionsPolicy = "Actions:Policy";
    public const string Links = "Identity:Links";
    public const string AuditKeyFile = "Audit:KeyFile";
    public const string AuditKey = "Audit:Key";
    public const string AuditForwardFile = "Audit:ForwardFile";

    /// <summary>The same as <see cref="AuditKey"/>, for the environment.</summary>
    public const string AuditKeyVariable = "CONNTRACK_AUDIT_KEY";

    public static readonly IReadOnlyList<Setting> All =
    [
        new("Urls", "addresses to listen on (http://127.0.0.1:5080)"),
        new(DataDirectory, "folder for the database and keys (./data)"),
        new(ConnectionString, "SQLite connection string (Data Source=<data directory>/console.db)"),
        new(FrameHours, "hours for which the collectors' frames are kept as they came (24)"),
        new(FrameMiB, "MiB of such frames at most (2048)"),
        new(NodeHours, "hours for which single nodes' past is kept by the second (48)"),
        new(NodeTenSecondDays, "days for which it is kept by ten seconds (7)"),
        new(NodeMinuteDays, "days for which it is kept by the minute (28)"),
        new(SecondDays, "days for which the Services' past is kept by the second (7)"),
        new(TenSecondDays, "days for which theirs is kept by ten seconds (28)"),
        new(MinuteDays, "days for which theirs is kept by the minute (180)"),
        new(RowDays, "days of terminations, rollouts, resets, syncs, gaps and settings (90)"),
        new(MaxMiB, "MiB that the database may hold; then the oldest of the finest goes (20480)"),
        new(KubernetesEnabled, "true or false; unset: a cluster where one is found"),
        new(Kubeconfig, "path of a kubeconfig file; unset: the pod's own service account"),
        new(KubernetesContext, "context of the kubeconfig file; unset: its current-context"),
        new(CollectorToken, "secret that collectors present; unset: the Unix socket only"),
        new(CollectorSocket, "path of a Unix socket for collectors of this machine"),
        new(ActionsReadOnly, "true: nothing can be changed from this console (false)"),
        new(ActionsPerUser, "most actions of one person in ten minutes (10)"),
        new(ActionsPerNode, "most actions on one node in ten minutes (20)"),
        new(ActionsPerCluster, "most actions at all in ten minutes (30)"),
        new(ActionsCanarySeconds, "seconds for which the first node of a setting is watched before the others follow (5)"),
        new($"{ActionsPolicy}:0:Require", "what the first rule asks for beyond the guards: confirmation, approval or refuse; :1: and so on for more"),
        new($"{ActionsPolicy}:0:Action", "flush or a setting's name; unset: any"),
        new($"{ActionsPolicy}:0:Preset", "safe, dead-backend or all; unset: any"),
        new($"{ActionsPolicy}:0:Namespace", "of the address's owner; unset: any"),
        new($"{ActionsPolicy}:0:MoreThan", "only above so many entries, or nodes of a setting; unset: any number"),
        new(SignInToken, "secret of the one sign-in link of an operator; unset: made at each start, printed in the log"),
        new($"{Links}:0:Name", "who the first of several sign-in links is for, as the audit log says it; :1: and so on for more"),
        new($"{Links}:0:Role", "what that person is: viewer, operator, approver, admin or break-glass"),
        new($"{Links}:0:Token", "secret of that link; unset: made at each start, printed in the log"),
        new(AuditKeyFile, "file with the audit log's key, outside the data folder; unset: the chain is unkeyed"),
        new(AuditKey, "the key itself, 32 characters or more (also CONNTRACK_AUDIT_KEY)"),
        new(AuditForwardFile, "file to which each audit row is appended as a line of JSON"),
    ];

    /// <summary>The form that an environment variable has.</summary>
    public string Variable => Key.Replace(":", "__", StringComparison.Ordinal);

    /// <summary>One of a list's keys, which stands here for the first place.</summary>
    public bool IsList => Key.Contains(":0:", StringComparison.Ordinal);

    /// <summary>A key that is this one, or of this list at another place, in its proper spelling; null where it is neither.</summary>
    public string? Spell(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        string[] own = Key.Split(':'), other = key.Split(':');
        if (own.Length != other.Length)
            return null;
        for (int i = 0; i < own.Length; i++)
        {
            if (own[i] == "0" && IsPlace(other[i]))
                own[i] = other[i];
            else if (!own[i].Equals(other[i], StringComparison.OrdinalIgnoreCase))
                return null;
        }

        return string.Join(':', own);
    }

    /// <summary>Whether a key stands above this one: a section that may be there with nothing in it.</summary>
    public bool IsBelow(string section) => Key.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase);

    private static bool IsPlace(string text) => text.Length is > 0 and <= 4 && text.All(char.IsAsciiDigit);

    /// <summary>By its name, so that none is forgotten: its value must never be shown.</summary>
    public bool IsSecret => SecretEnds.Any(end => Key.EndsWith(end, StringComparison.OrdinalIgnoreCase));

    private static readonly string[] SecretEnds = ["Token", "Secret", "Password", "Key"];
}
