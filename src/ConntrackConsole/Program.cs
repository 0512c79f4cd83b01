using ConntrackConsole.Hosting;

// Before anything takes a buffer: the pool reads it once.
BufferPool.Configure();
return await ConntrackConsole.Cli.ConsoleCommands.RunAsync(args, Console.Out, Console.Error);
