using System.Globalization;

namespace ConntrackConsole.Bench.Load;

/// <summary>What all processes have used since the machine started.</summary>
internal static class MachineUsage
{
    // user nice system idle iowait irq softirq steal (guest times are part of the first two)
    public static double BusySeconds
    {
        get
        {
            double[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
            return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / ProcessUsage.TicksPerSecond;
        }
    }
}
