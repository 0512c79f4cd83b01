using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>A flow of the table, with what a look-up in the kernel needs.</summary>
internal readonly record struct TrackedFlow(FlowTuple Orig, FlowTuple Reply, ushort Zone, uint Id, FlowState State);
