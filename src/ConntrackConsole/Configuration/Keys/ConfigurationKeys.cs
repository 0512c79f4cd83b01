namespace ConntrackConsole.Configuration.Keys;

/// <summary>Names of the configuration keys that messages refer to.</summary>
internal static class ConfigurationKeys
{
    public const string Urls = "Urls";
    public const string DataDirectory = "Storage:DataDirectory";
    public const string ConnectionString = "Storage:ConnectionString";
    public const string KubernetesEnabled = "Kubernetes:Enabled";
    public const string Kubeconfig = "Kubernetes:Kubeconfig";
    public const string KubernetesContext = "Kubernetes:Context";
    public const string CollectorToken = "Collectors:Token";
    public const string CollectorAudience = "Collectors:Audience";
    public const string CollectorAccount = "Collectors:ServiceAccount";
    public const string CollectorSocket = "Collectors:Socket";
    public const string SignInToken = "Identity:SignInToken";
    public const string Links = "Identity:Links";
    public const string AuditKeyFile = "Audit:KeyFile";
    public const string AuditKey = "Audit:Key";
    public const string WebhookUrl = "Findings:Webhook:Url";
    public const string WebhookSecret = "Findings:Webhook:Secret";
    public const string AuditForwardFile = "Audit:ForwardFile";

    /// <summary>The same as <see cref="AuditKey"/>, as an environment variable with a name of its own.</summary>
    public const string AuditKeyVariable = "CONNTRACK_AUDIT_KEY";
}
