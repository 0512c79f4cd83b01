namespace ConntrackConsole.Inventory;

/// <summary>Registers what pages and API show of nodes, Services and single resets.</summary>
internal static class InventoryServices
{
    public static IServiceCollection AddInventory(this IServiceCollection services) => services.AddSingleton<InventoryReader>().AddSingleton<ResetReader>();
}
