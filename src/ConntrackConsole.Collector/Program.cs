return await ConntrackConsole.Collector.CommandLine.CollectorCommands.RunAsync(args);
