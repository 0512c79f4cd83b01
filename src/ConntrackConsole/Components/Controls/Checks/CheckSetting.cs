using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Checks;

/// <summary>The setting that a check's advice names, where it can be changed from here.</summary>
/// <param name="Value">The value that helps; null where a person has to choose.</param>
internal sealed record CheckSetting(string Key, string? Value)
{
    public static CheckSetting? Of(CheckResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (result is not { Subject.Kind: SubjectKind.Node, State: CheckState.Bad or CheckState.Warning })
            return null;
        // A stray 1 protects: setting it to 0 is nothing to suggest.
        return result.Check == InvalidProtection.Name || (result.Check == BeLiberal.Name && result.Value == "0") ? new CheckSetting(SettingCatalog.BeLiberal, "1")
            : result.Check == TcpLoose.Name ? new CheckSetting("net.netfilter.nf_conntrack_tcp_loose", "1")
            : result.Check == TableUse.Name ? new CheckSetting(SettingCatalog.Max, null)
            : null;
    }
}
