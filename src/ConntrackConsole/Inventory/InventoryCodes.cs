using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>Codes of lists that cannot be answered.</summary>
[ReasonCodes("API: nodes and Services")]
internal static class InventoryCodes
{
    [Description("The console has just started, and has not evaluated the nodes and Services yet (503): retry after a second.")]
    public const string NotReady = "inventory.not_ready";
}
