using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Audit;

/// <summary>Stable codes of <see cref="AuditFaultKind"/>.</summary>
[ReasonCodes("Audit chain, as verified")]
internal static class AuditFaultCodes
{
    [Description("The row was changed, or was not written by the console.")]
    public const string Changed = "audit.changed";

    [Description("A row is missing.")]
    public const string Removed = "audit.removed";

    [Description("The row is not in its place.")]
    public const string ReOrdered = "audit.reordered";

    [Description("The row was inserted.")]
    public const string Inserted = "audit.inserted";

    [Description("The key of the row is not configured.")]
    public const string KeyUnknown = "audit.key_unknown";

    [Description("The row has no key, or a former one, after rows with a newer one.")]
    public const string KeyStepsBack = "audit.key_steps_back";

    [Description("There are rows, but none is in a chain.")]
    public const string NoChain = "audit.no_chain";

    [Description("The row cannot be read: the database file is damaged.")]
    public const string Unreadable = "audit.unreadable";

    /// <summary>The code of a kind.</summary>
    public static string Code(this AuditFaultKind kind) => kind switch
    {
        AuditFaultKind.Changed => Changed,
        AuditFaultKind.Removed => Removed,
        AuditFaultKind.ReOrdered => ReOrdered,
        AuditFaultKind.Inserted => Inserted,
        AuditFaultKind.KeyUnknown => KeyUnknown,
        AuditFaultKind.KeyStepsBack => KeyStepsBack,
        AuditFaultKind.NoChain => NoChain,
        _ => Unreadable,
    };
}
