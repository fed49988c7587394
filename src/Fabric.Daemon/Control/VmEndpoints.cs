using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>The life cycle of single machines. Each request answers when the transition is done.</summary>
internal static class VmEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology)
    {
        MapVerb("start", (vm, cancel) => vm.StartAsync(cancel));
        MapVerb("stop", (vm, cancel) => vm.StopAsync(cancel));
        MapVerb("pause", (vm, cancel) => vm.PauseAsync(cancel));
        MapVerb("resume", (vm, cancel) => vm.ResumeAsync(cancel));
        MapVerb("reset", (vm, cancel) => vm.ResetAsync(cancel));

        void MapVerb(string verb, Func<RunningVm, CancellationToken, Task> act) =>
            routes.MapPost("/v1/vms/{vm}/" + verb, async context =>
            {
                RunningVm vm = Find(topology, context);
                await act(vm, context.RequestAborted);
                await ControlServer.ReplyAsync(context, vm.Status(), ControlJson.Compact.VmStatus);
            });
    }

    internal static RunningVm Find(RunningTopology topology, HttpContext context) => topology.FindVm((string)context.GetRouteValue("vm")!);
}
