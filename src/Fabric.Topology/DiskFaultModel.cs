namespace Fabric.Topology;

/// <summary>Requests that a disk fails or holds up on purpose.</summary>
/// <param name="On">Kind of request: <c>read</c>, <c>write</c>, <c>zero</c>, <c>discard</c>, <c>flush</c> or <c>all</c>.</param>
/// <param name="Every">1 for each of them, 3 for every third.</param>
/// <param name="Answer"><c>io-error</c>, <c>no-space</c>, or <c>ok</c> for a request that is only held up.</param>
/// <param name="Delay">How long it is held up first.</param>
public sealed record DiskFaultModel(string On, int Every, string Answer, TimeSpan Delay);
