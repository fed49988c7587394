namespace Fabric.Routing.Rip;

/// <summary>RIP on an interface, as it is at a moment.</summary>
/// <param name="Interface">Its name.</param>
/// <param name="IsActive">True while RIP runs on it: it is meant to, is up and has an address.</param>
/// <param name="Options">What holds for it.</param>
/// <param name="UntilUpdate">Time to the next regular update; null for none.</param>
/// <param name="Neighbors">Neighbours on its link.</param>
/// <param name="Counters">Goes on counting.</param>
public sealed record RipInterfaceStatus(
    string Interface, bool IsActive, RipInterfaceOptions Options, TimeSpan? UntilUpdate, int Neighbors, RipCounters Counters);
