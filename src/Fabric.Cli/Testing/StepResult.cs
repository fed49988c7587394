using Fabric.Topology;

namespace Fabric.Cli.Testing;

/// <summary>How one test step ended.</summary>
/// <param name="Step">The step.</param>
/// <param name="Failure">What was expected and what came instead; null when it passed.</param>
/// <param name="Output">What the step's command printed.</param>
/// <param name="Elapsed">How long it took.</param>
internal sealed record StepResult(TestStep Step, string? Failure, string Output, TimeSpan Elapsed);
