using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Configuration;

/// <summary>Codes of failures at startup, other than configuration errors (exit code 2).</summary>
[ReasonCodes("Startup")]
internal static class StartupErrorCodes
{
    [Description("Another program already listens on the address.")]
    public const string AddressInUse = "startup.address_in_use";

    [Description("The console cannot listen on the address.")]
    public const string AddressUnavailable = "startup.address_unavailable";

    [Description("Another console already serves collectors on the Unix socket.")]
    public const string SocketInUse = "startup.socket_in_use";

    [Description("The data directory cannot be written.")]
    public const string DataDirectoryUnwritable = "startup.data_directory_unwritable";

    [Description("There is no database at the configured path (audit verify).")]
    public const string DatabaseMissing = "startup.database_missing";

    [Description("The database cannot be read (audit verify).")]
    public const string DatabaseUnreadable = "startup.database_unreadable";

    [Description("The database has no audit chain yet (audit verify).")]
    public const string DatabaseWithoutChain = "startup.database_without_chain";

    [Description("The database cannot be opened for writing.")]
    public const string DatabaseReadOnly = "startup.database_read_only";

    [Description("SQLite cannot use the database.")]
    public const string DatabaseUnusable = "startup.database_unusable";

    [Description("The database was written by a newer version of the console.")]
    public const string DatabaseNewer = "startup.database_newer";

    [Description("The database is damaged and cannot be set aside.")]
    public const string DatabaseDamaged = "startup.database_damaged";

    [Description("The audit log cannot be written.")]
    public const string AuditUnavailable = "startup.audit_unavailable";

    [Description("The audit log is keyed, but no key is configured.")]
    public const string AuditKeyMissing = "startup.audit_key_missing";

    [Description("A cluster is required by Kubernetes:Enabled, but none is found.")]
    public const string ClusterMissing = "startup.cluster_missing";

    [Description("The kubeconfig file does not exist.")]
    public const string KubeconfigMissing = "startup.kubeconfig_missing";

    [Description("The kubeconfig file cannot be read or is not valid.")]
    public const string KubeconfigInvalid = "startup.kubeconfig_invalid";

    [Description("The kubeconfig file does not have the context.")]
    public const string KubeconfigContext = "startup.kubeconfig_context";

    [Description("A certificate or key of the kubeconfig file cannot be read.")]
    public const string KubeconfigCertificate = "startup.kubeconfig_certificate";

    [Description("The exec plugin of the kubeconfig file is missing or returned no credentials.")]
    public const string KubeconfigPlugin = "startup.kubeconfig_plugin";

    [Description("The service account of the pod is missing or cannot be used.")]
    public const string ServiceAccount = "startup.service_account";
}
